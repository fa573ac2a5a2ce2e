import { describe, expect, it } from '@jest/globals';
import { fateOf } from '../../src/simulator/fate.ts';
import { Harness } from '../support/harness.ts';
import { useRedis } from '../support/use-redis.ts';
import { CLI, CliProcess, NodeProcess } from '../support/worker-process.ts';

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

it('SIGINT that comes twice within a moment, as at Ctrl-C under npm, is one: exit 0 once the request is done', async () => {
  const harness = await Harness.start({ redisUrl: redis.url, run: false, simulator: { latencyMs: 1_000 } });
  harness.simulator.send(1, fateOf('sent', 0));
  await harness.enqueue(1);
  const worker = new CliProcess(['worker'], { ...harness.env, LOG_LEVEL: 'info' });
  await harness.until(() => (harness.simulator.requests > 0 ? true : undefined));
  worker.child.kill('SIGINT');
  await worker.line(/stopping/);
  expect(await worker.exit('SIGINT')).toBe(0);
  expect((await harness.event(1)).data.state).toBe('sent');
  await harness.stop();
});

/** Has a process send itself a signal the moment that it loads a file. */
const signalAtLoad = (file: string, signal: string): string => {
  const hooks = `{ load(url, context, next) {
    if (url.endsWith('/src/${file}')) process.kill(process.pid, '${signal}');
    return next(url, context);
  } }`;
  const code = `import { registerHooks } from 'node:module'; registerHooks(${hooks});`;
  return `data:text/javascript,${encodeURIComponent(code)}`;
};

it.each([
  ['start', 'cli/serve.ts', 'SIGTERM'],
  ['worker', 'main.ts', 'SIGTERM'],
  ['dashboard', 'main.ts', 'SIGINT'],
])('%s that loads %s: %s ends it with exit 0', async (command, file, signal) => {
  const env = { FAX_API_KEY: 'k', REDIS_URL: redis.url, DASHBOARD_PORT: '0' };
  const service = new NodeProcess(['--import', signalAtLoad(file, signal), CLI, command], env);
  expect([await service.exit(), service.child.signalCode, service.output]).toEqual([
    0,
    null,
    expect.not.stringMatching(/"level":"(error|fatal)"/),
  ]);
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
