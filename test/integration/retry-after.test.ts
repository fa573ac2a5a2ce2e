import { afterEach, expect, it } from '@jest/globals';
import type { SimulatedAnswer } from '../../src/simulator/fate.ts';
import { Harness } from '../support/harness.ts';
import { useRedis } from '../support/use-redis.ts';

// Contract §2: how far `Retry-After` is believed.

const redis = useRedis();
let harness: Harness;
afterEach(() => harness.stop());

const DAY = { 'retry-after': '86400' };

it.each<[string, SimulatedAnswer, string, number, number]>([
  ['on 429 up to an hour', { code: 429, headers: DAY }, 'fax.alert.rate_limited', 3_590_000, 3_600_000],
  ['on 5xx up to 30 s', { code: 503, headers: DAY }, 'fax.alert.api_down', 25_000, 30_000],
  ['not at all on 401', { code: 401, headers: DAY }, 'fax.alert.unauthorized', 0, 10_000],
])('%s', async (_what, answer, alert, leastMs, mostMs) => {
  harness = await Harness.start({ redisUrl: redis.url });
  harness.simulator.override(answer);
  for (let id = 1; id <= 8; id += 1) await harness.enqueue(id);
  await harness.alert(alert as 'fax.alert.api_down');
  const heldMs = Number(await harness.redis.hget(`${harness.settings.KEY_PREFIX}brake`, 'heldUntil')) - Date.now();
  expect(heldMs).toBeGreaterThan(leastMs);
  expect(heldMs).toBeLessThanOrEqual(mostMs);
});
