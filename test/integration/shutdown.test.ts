import { describe, expect, it } from '@jest/globals';
import { fateOf } from '../../src/simulator/fate.ts';
import { Harness } from '../support/harness.ts';
import { useRedis } from '../support/use-redis.ts';
import { CliProcess } from '../support/worker-process.ts';

const redis = useRedis();

describe.each(['SIGTERM', 'SIGINT'] as const)('%s', (signal) => {
  it('during polls: exit 0, no job lost, none stalled, and another worker goes on', async () => {
    const harness = await Harness.start({ redisUrl: redis.url, run: false, simulator: { latencyMs: 300 } });
    for (let id = 1; id <= 30; id += 1) {
      harness.simulator.send(id, fateOf('pending', 0));
      await harness.enqueue(id);
    }
    const worker = new CliProcess(['worker'], { ...harness.env, LOG_LEVEL: 'info' });
    await harness.until(() => (harness.simulator.requests >= 10 ? true : undefined));
    const stopped = Date.now();
    expect(await worker.exit(signal)).toBe(0);
    expect(Date.now() - stopped).toBeLessThan(5_000);
    expect(await harness.queue.getJobCounts('active', 'failed')).toEqual({ active: 0, failed: 0 });
    for (let id = 1; id <= 30; id += 1) harness.simulator.send(id, fateOf('sent', 0));
    await harness.run();
    for (let id = 1; id <= 30; id += 1) expect((await harness.event(id)).data.state).toBe('sent');
    expect(harness.events).toHaveLength(30);
    expect(worker.output).not.toMatch(/died or hung/);
    await harness.stop();
  });
});

it('a request that outlasts the time for the shutdown is let go, exit 0, and its job is not lost', async () => {
  const harness = await Harness.start({
    redisUrl: redis.url,
    run: false,
    env: { SHUTDOWN_TIMEOUT_MS: '1000', LOCK_DURATION_MS: '1000', STALLED_INTERVAL_MS: '500' },
  });
  harness.simulator.send(1, { first: [{ wire: 'hang' }], then: fateOf('sent', 0).then });
  await harness.enqueue(1);
  const worker = new CliProcess(['worker'], harness.env);
  await harness.until(() => (harness.simulator.requests === 1 ? true : undefined));
  const stopped = Date.now();
  expect(await worker.exit('SIGTERM')).toBe(0);
  expect(Date.now() - stopped).toBeLessThan(4_000);
  await harness.run();
  expect((await harness.event(1)).data.state).toBe('sent');
  expect(await harness.queue.getFailedCount()).toBe(0);
  await harness.stop();
});
