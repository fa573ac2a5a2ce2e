import { EventNotFoundError, EventsTrimmedError } from '../client/errors.ts';
import { withClient } from './client-session.ts';
import { eventLine } from './event-line.ts';
import { CommandError, EX_NOINPUT } from './failure.ts';

/** `faxwatch watch`: prints each completion event, until interrupted. */
export async function watch({ since, json = false }: { since?: string; json?: boolean }): Promise<void> {
  await withClient(async (client, signal) => {
    try {
      for await (const event of client.events({ signal, ...(since !== undefined && { since }) }))
        console.log(eventLine(event, json));
    } catch (error) {
      if (error instanceof EventNotFoundError || error instanceof EventsTrimmedError) {
        throw new CommandError(error.message, EX_NOINPUT);
      }
      throw error;
    }
  });
}
