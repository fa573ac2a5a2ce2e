import { withClient } from './client-session.ts';
import { EX_INTERRUPTED } from './failure.ts';
import { checkId } from './ids.ts';

export type CancelFlags = { readonly account?: string; readonly json?: boolean };

/**
 * `faxwatch cancel`: stops watching faxes. At Fax.to nothing happens: a fax that is being sent is sent. Exit 0 if all
 * were watched, 1 if not.
 */
export async function cancel(ids: readonly string[], { account, json = false }: CancelFlags): Promise<void> {
  for (const id of ids) checkId(id); // all of them, before any is cancelled
  await withClient(account, async (client, signal) => {
    for (const id of ids) {
      if (signal.aborted) {
        console.error(`interrupted: ${id} and those after it are not cancelled`);
        process.exitCode = EX_INTERRUPTED;
        return;
      }
      const cancelled = await client.cancel(id);
      if (json) console.log(JSON.stringify({ faxJobId: id, cancelled }));
      else console.log(`${id}: ${cancelled ? 'no longer watched' : 'was not watched: not in flight'}`);
      if (!cancelled) process.exitCode = 1;
    }
  });
}
