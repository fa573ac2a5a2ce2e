import { afterEach, expect, it } from '@jest/globals';
import { Harness } from '../support/harness.ts';
import { ScriptedFaxes } from '../support/scripted-faxes.ts';
import { useRedis } from '../support/use-redis.ts';

// The sweep of the list of faxes in short; at length: npm run test:history.

const redis = useRedis();
let harness: Harness;
afterEach(() => harness.stop());

async function start(HISTORY_SWEEP: string): Promise<ScriptedFaxes> {
  harness = await Harness.start({
    redisUrl: redis.url,
    env: { HISTORY_SWEEP, RATE_LIMIT_MAX: '50', POLL_MIN_INTERVAL_MS: '200', POLL_MAX_INTERVAL_MS: '60000' },
  });
  return new ScriptedFaxes(harness);
}

it('the list says which faxes are finished, and one poll of each makes its result', async () => {
  const faxes = await start('auto');
  const all = await faxes.send(100);
  await harness.until(() => (harness.simulator.listRequests > 0 ? true : undefined));
  faxes.finish(all.slice(0, 20)); // a poll may be sooner than the list at some of them
  const key = `${harness.settings.KEY_PREFIX}history`;
  await harness.untilAsync(async () => ((await harness.redis.hget(key, 'trusted')) === '1' ? true : undefined));
  const done = all.slice(-3);
  const from = harness.simulator.log.length;
  faxes.finish(done);
  for (const id of done) expect((await harness.event(id)).data).toMatchObject({ state: 'sent', reason: 'ok' });
  const since = harness.simulator.log.slice(from).map(({ faxId }) => faxId);
  for (const id of done) expect(since.filter((faxId) => faxId === String(id))).toHaveLength(1);
});

it('the list is not asked for unless the settings say so', async () => {
  const faxes = await start('off');
  const ids = await faxes.send(100);
  faxes.finish(ids);
  for (const id of ids) await harness.event(id);
  expect(harness.simulator.listRequests).toBe(0);
});
