import { afterEach, expect, it } from '@jest/globals';
import { fateOf } from '../../src/simulator/fate.ts';
import { Harness } from '../support/harness.ts';
import { useRedis } from '../support/use-redis.ts';
import { CliProcess } from '../support/worker-process.ts';

const redis = useRedis();
let harness: Harness;
let worker: CliProcess;
afterEach(async () => {
  await worker.exit('SIGTERM');
  await harness.stop();
});

/** What Node runs first, so that a process takes it for so many ms later than it is. */
const clockAhead = (ms: number): string => {
  const shim = `const D = Date, now = D.now; globalThis.Date = class extends D { constructor(...a) { super(...(a.length ? a : [now() + ${ms}])); } static now() { return now() + ${ms}; } };`;
  return `--import=data:text/javascript,${encodeURIComponent(shim)}`;
};

it.each([300_000, -300_000])('a worker whose clock is off by %i ms ends no fax early, and none late', async (offMs) => {
  harness = await Harness.start({
    redisUrl: redis.url,
    run: false,
    env: { POLL_DEADLINE_MS: '3000', NOT_FOUND_GRACE_MS: '1500' },
  });
  worker = new CliProcess(['worker'], { ...harness.env, NODE_OPTIONS: clockAhead(offMs), LOG_LEVEL: 'info' });
  expect(
    Math.abs(
      Date.parse((JSON.parse(await worker.line(/worker started/)) as { time: string }).time) - Date.now() - offMs,
    ),
  ).toBeLessThan(10_000);
  const enqueued = Date.now();
  harness.simulator.send(1, fateOf('pending', 0));
  harness.simulator.send(2, fateOf('not-found', 0));
  harness.simulator.send(3, fateOf('sent', 1_000));
  for (const id of [1, 2, 3]) await harness.enqueue(id);
  const ended = async (id: number): Promise<[string, number, number]> => {
    const { data } = await harness.event(id);
    return [data.state, Date.parse(data.completedAt) - Date.parse(data.enqueuedAt), Date.now() - enqueued];
  };
  const [sent, missing, expired] = [await ended(3), await ended(2), await ended(1)];
  expect([sent[0], missing[0], expired[0]]).toEqual(['sent', 'not_found', 'expired']);
  for (const [[, told, real], least] of [
    [missing, 1_500],
    [expired, 3_000],
  ] as const) {
    expect(told).toBeGreaterThanOrEqual(least);
    expect(real).toBeGreaterThanOrEqual(least);
    expect(real).toBeLessThan(least + 5_000);
  }
});
