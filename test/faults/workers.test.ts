import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { fateOf } from '../../src/simulator/fate.ts';
import { startTestRedis, type TestRedis } from '../support/redis-server.ts';
import { FaultyFleet, FAXES, NO_LOSSES } from './fleet.ts';

// npm run test:faults; a shorter form runs with npm test.

let redis: TestRedis;
let fleet: FaultyFleet;
beforeEach(async () => {
  redis = await startTestRedis();
});
afterEach(async () => {
  await fleet.stop();
  await redis.stop();
});

it('kill -9 of workers again and again: every fax has its one right result, and no job fails for it', async () => {
  fleet = await FaultyFleet.start({ redisUrl: redis.url, workers: 3 });
  await fleet.send(FAXES, FAXES * 10);
  await fleet.disturb(async () => {
    await fleet.nextVictim.line(/worker started/); // one that never gets to work would prove nothing
    await new Promise((resolve) => setTimeout(resolve, 300));
    await fleet.kill();
  });
  expect(await fleet.losses('kill -9 of workers', fleet.kills)).toEqual(NO_LOSSES);
  expect(fleet.kills).toBeGreaterThan(2);
}, 600_000);

it('kill -9 under the same job more often than BullMQ would put up with by default: the fax goes on', async () => {
  const KILLS = 4; // BullMQ's maxStalledCount is 1
  fleet = await FaultyFleet.start({ redisUrl: redis.url, workers: 1, env: { FAX_API_TIMEOUT_MS: '30000' } });
  const { simulator } = fleet.harness;
  simulator.send(1, {
    first: Array.from({ length: KILLS }, () => ({ wire: 'hang' }) as const),
    then: fateOf('sent', 0).then,
  });
  fleet.expect(1, 'sent ok');
  await fleet.harness.enqueue(1);
  for (let kill = 1; kill <= KILLS; kill += 1) {
    await fleet.harness.until(() => (simulator.requests === kill ? true : undefined));
    await fleet.kill();
  }
  expect(await fleet.losses('kill -9 under one job', KILLS)).toEqual(NO_LOSSES);
  expect(simulator.requests).toBe(KILLS + 1);
}, 60_000);
