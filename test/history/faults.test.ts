import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { redisTexts } from '../support/leaks.ts';
import { startTestRedis, type TestRedis } from '../support/redis-server.ts';
import { FaultyFleet, FAXES, NO_LOSSES } from '../faults/fleet.ts';

// Contract §7, the history sweep, in a fleet.

let redis: TestRedis;
let fleet: FaultyFleet;
afterEach(async () => {
  await fleet.stop();
  await redis.stop();
});
beforeEach(async () => {
  redis = await startTestRedis(['--appendonly', 'yes', '--appendfsync', 'always']);
});

const TIMEOUT_MS = 500;
const LEAD_MS = 5_000;
const REST_MS = 1_000; // the others look so often
const SLACK_MS = 2_000; // of a busy machine

const start = async (workers: number): Promise<FaultyFleet> =>
  (fleet = await FaultyFleet.start({
    redisUrl: redis.url,
    workers,
    env: { HISTORY_SWEEP: 'auto', FAX_API_TIMEOUT_MS: String(TIMEOUT_MS), HISTORY_PAGE_SIZE: '50' },
    workerEnv: { LOG_LEVEL: 'trace' },
  }));

it('kill -9 of the worker that sweeps: another takes over, and every fax has its one right result', async () => {
  await start(1);
  const { harness } = fleet;
  const lead = async (): Promise<string | null> => harness.redis.get(`${harness.settings.KEY_PREFIX}sweeper`);
  const first = await harness.untilAsync(async () => (await lead()) ?? undefined);
  await harness.run(); // a second worker
  await fleet.send(FAXES, 12_000);
  await harness.until(() => (harness.simulator.listRequests > 0 ? true : undefined));
  expect(await lead()).toBe(first);
  await fleet.kill();
  const killedAt = performance.now();
  await harness.untilAsync(async () => ((await lead()) === first ? undefined : ((await lead()) ?? undefined)));
  expect(performance.now() - killedAt).toBeLessThan(LEAD_MS + REST_MS + SLACK_MS);
  const texts = await redisTexts(harness.redis);
  for (const [i, output] of fleet.outputs.entries()) texts.set(`log ${i}`, output);
  texts.set('events', JSON.stringify([harness.events, harness.alerts]));
  const shown = [...texts].filter(([, text]) => /441224\d{6}|FAX1[12]\d{3}|"recipient"|"document"/.test(text));
  expect(shown.map(([where]) => where)).toEqual([]);
  expect(await fleet.losses('kill -9 of the sweeper', 1)).toEqual(NO_LOSSES);
}, 120_000);

it('Redis restarted in the middle of sweeps: nothing is lost, wrong or twice', async () => {
  await start(3);
  const { simulator } = fleet.harness;
  await fleet.send(FAXES, 10_000);
  let crashes = 0;
  while (crashes < 2 && (await sweptAgain())) {
    await redis.crash();
    crashes += 1;
  }
  expect(crashes).toBeGreaterThan(0);
  expect(await fleet.losses('Redis restarted in a sweep', crashes, crashes)).toEqual(NO_LOSSES);

  /** Waits for a request of the list. @returns whether one came before all faxes were finished */
  async function sweptAgain(): Promise<boolean> {
    const from = simulator.listRequests;
    return fleet.harness.untilAsync(async () => {
      if (simulator.listRequests > from) return true;
      return (await fleet.finished()) < FAXES ? undefined : false;
    });
  }
}, 120_000);
