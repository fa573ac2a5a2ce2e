import { parseFaxJob } from '../contract/fax-job.ts';
import { withClient } from './client-session.ts';
import { pollCount, resultLine } from './event-line.ts';

/** `faxwatch status`: exit 0 if the fax is known, 1 if not. */
export async function status(
  id: string,
  { account, json = false }: { account?: string; json?: boolean },
): Promise<void> {
  parseFaxJob({ faxJobId: id }); // before Redis is asked for anything
  await withClient(account, async (client) => {
    const known = await client.status(id);
    if (json) console.log(JSON.stringify(known));
    else if (known.kind === 'done') console.log(resultLine(known.result));
    else if (known.kind === 'unknown') console.log(`${id}: not known: not in flight, and no result is stored`);
    else {
      const said = `${pollCount(known.polls)}, last "${known.lastMessage}", next poll ${known.nextPollAt ?? 'soon'}`;
      console.log(`${id}: in flight since ${known.enqueuedAt}, ${said}`);
    }
    if (known.kind === 'unknown') process.exitCode = 1;
  });
}
