import { afterEach, expect, it } from '@jest/globals';
import { keysOf } from '../../src/contract/keys.ts';
import { countsAt } from '../../src/polling/counts.ts';
import { Harness } from '../support/harness.ts';
import { useRedis } from '../support/use-redis.ts';
import { run } from '../support/worker-process.ts';

const redis = useRedis();
let harness: Harness;
afterEach(() => harness.stop());

it('sizing takes the load from the last hour, or as it is given; without either it says what to do', async () => {
  harness = await Harness.start({ redisUrl: redis.url, run: false, env: { RATE_LIMIT_MAX: '60' } });
  const env = { ...harness.env, RATE_LIMIT_DURATION_MS: '60000' };
  const none = await run(['sizing'], env);
  expect(none).toEqual({ code: 64, output: expect.stringContaining('--faxes-per-hour') });

  const counts = countsAt(keysOf(harness.settings.KEY_PREFIX), Date.now());
  await harness.redis.hset(counts.key, { [counts.field('s')]: 850, [counts.field('l')]: 850 * 30_000 });
  const { code, output } = await run(['sizing'], env);
  expect(code).toBe(0);
  expect(output).toMatch(/^850 faxes an hour/);
  expect(output).toContain('at most 30 s late');
  expect(output).toMatch(/this load +│ 0\.95 +│ 4 /);

  const given = await run(['sizing', '--faxes-per-hour', '1720', '--json'], env);
  const rows = JSON.parse(given.output) as Record<string, { meanLagMs: number | null }>;
  expect(rows).toMatchObject({ foundWithinMs: 30_000, 'this load': { faxesPerHour: 1_720, pace: 0.95 } });
  expect(rows['this load']?.meanLagMs).toBeGreaterThan(rows['1 request a second more']?.meanLagMs ?? Infinity);
  expect(rows['twice the faxes']?.meanLagMs).toBeNull();
}, 30_000);
