import { parseFaxJob } from '../contract/fax-job.ts';
import { withClient } from './client-session.ts';
import { pollCount, resultLine } from './event-line.ts';
import { readPollingState, standstill } from './standstill.ts';

const ITS_TURN = 'when its turn comes: each request goes to the fax most likely to have finished';

/** `faxwatch status`: exit 0 if the fax is known, 1 if not. */
export async function status(
  id: string,
  { account, json = false }: { account?: string; json?: boolean },
): Promise<void> {
  parseFaxJob({ faxJobId: id }); // before Redis is asked for anything
  await withClient(account, async (client, _signal, { redis, space }) => {
    const known = await client.status(id);
    const obstacle = known.kind === 'in_flight' ? standstill(await readPollingState(redis, space)) : undefined;
    if (json)
      console.log(JSON.stringify(known.kind === 'in_flight' ? { ...known, standstill: obstacle ?? null } : known));
    else if (known.kind === 'done') console.log(resultLine(known.result));
    else if (known.kind === 'unknown') console.log(`${id}: not known: not in flight, and no result is stored`);
    else {
      const said = `${pollCount(known.polls)}, last "${known.lastMessage}", next poll ${known.nextPollAt ?? ITS_TURN}`;
      console.log(`${id}: in flight since ${known.enqueuedAt}, ${said}`);
      if (obstacle !== undefined) console.log(obstacle);
    }
    if (known.kind === 'unknown') process.exitCode = 1;
  });
}
