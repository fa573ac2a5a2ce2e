import { EventNotFoundError, EventsTrimmedError } from '../client/errors.ts';
import { withClient } from './client-session.ts';
import { resultLine } from './event-line.ts';
import { CommandError, EX_NOINPUT } from './failure.ts';
import { say } from './say.ts';

export type WatchFlags = { readonly account?: string; readonly since?: string; readonly json?: boolean };

/** `faxwatch watch`: prints each completion event, until interrupted. */
export async function watch({ account, since, json = false }: WatchFlags): Promise<void> {
  await withClient(account, async (client, signal) => {
    try {
      for await (const event of client.events({ signal, ...(since !== undefined && { since }) }))
        if (json) console.log(JSON.stringify(event));
        else say(resultLine(event.data));
    } catch (error) {
      if (error instanceof EventNotFoundError || error instanceof EventsTrimmedError) {
        throw new CommandError(error.message, EX_NOINPUT);
      }
      throw error;
    }
  });
}
