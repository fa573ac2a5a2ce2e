import { parseFaxJob } from '../contract/fax-job.ts';
import { withClient } from './client-session.ts';
import { pollCount, resultLine } from './event-line.ts';

/** `faxwatch status`: exit 0 if the fax is known, 1 if not. */
export async function status(id: string, { json = false }: { json?: boolean }): Promise<void> {
  parseFaxJob({ faxJobId: id }); // before Redis is asked for anything
  await withClient(async (client) => {
    const known = await client.status(id);
    if (json) console.log(JSON.stringify(known));
    else if (known.kind === 'done') console.log(resultLine(known.result));
    else if (known.kind === 'unknown')
      console.log(`${id}: not known: neither in flight nor finished within the time that results are kept`);
    else {
      const said = `${pollCount(known.polls)}, last "${known.lastMessage}", next ${known.nextPollAt ?? 'soon'}`;
      console.log(`${id}: in flight since ${known.enqueuedAt}, ${said}`);
    }
    if (known.kind === 'unknown') process.exitCode = 1;
  });
}
