import { oneLine } from '../fax-api/wording.ts';
import { withClient } from './client-session.ts';
import { pollCount, resultLine } from './event-line.ts';
import { checkId } from './ids.ts';
import { say } from './say.ts';
import { readPollingState, standstill } from './standstill.ts';

const MOST_CHARS = 200;
const ITS_TURN = 'as soon as the rate limit allows: faxes likelier to be final go first';

const lastOf = (message: string): string =>
  message === '' ? 'no status from the API yet' : `last "${oneLine(message, MOST_CHARS)}"`;

/** `faxwatch status`: exit 0 if the fax is known, 1 if not. */
export async function status(
  id: string,
  { account, json = false }: { account?: string; json?: boolean },
): Promise<void> {
  checkId(id); // before Redis is asked for anything
  await withClient(account, async (client, _signal, { redis, space }) => {
    const known = await client.status(id);
    const obstacle = known.kind === 'in_flight' ? standstill(await readPollingState(redis, space)) : undefined;
    if (json)
      console.log(JSON.stringify(known.kind === 'in_flight' ? { ...known, standstill: obstacle ?? null } : known));
    else if (known.kind === 'done') say(resultLine(known.result));
    else if (known.kind === 'unknown') say(`${id}: not known: not in flight, and no result is stored`);
    else {
      const polled = known.polls === 0 ? 'not polled yet' : `${pollCount(known.polls)}, ${lastOf(known.lastMessage)}`;
      say(`${id}: in flight since ${known.enqueuedAt}, ${polled}, next poll ${known.nextPollAt ?? ITS_TURN}`);
      if (obstacle !== undefined) say(obstacle);
    }
    if (known.kind === 'unknown') process.exitCode = 1;
  });
}
