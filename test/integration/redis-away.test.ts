import { afterEach, expect, it } from '@jest/globals';
import { Harness } from '../support/harness.ts';
import { freePort, startTestRedis } from '../support/redis-server.ts';
import { CliProcess } from '../support/worker-process.ts';

let harness: Harness | undefined;
afterEach(() => harness?.stop());

it('while Redis is away the service lives, is not ready and says why, and ends with exit 0', async () => {
  const [port, nobody] = [await freePort(), await freePort()];
  const service = new CliProcess(['start'], {
    FAX_API_KEY: 'some-key',
    REDIS_URL: `redis://127.0.0.1:${nobody}`,
    DASHBOARD_PORT: String(port),
    SHUTDOWN_TIMEOUT_MS: '2000',
  });
  await service.line(/redis is away/);
  const health = await fetch(`http://127.0.0.1:${port}/healthz`);
  const ready = await fetch(`http://127.0.0.1:${port}/readyz`);
  expect([health.status, ready.status, await ready.json()]).toEqual([
    200,
    503,
    { status: 'not ready', reason: 'redis is away' },
  ]);
  expect((await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()).split('\n')).toContain('fax_redis_up 0');
  const board = await fetch(`http://127.0.0.1:${port}/queues`, { headers: { accept: 'text/html' } });
  expect([board.status, await board.text()]).toEqual([503, expect.stringContaining('Redis is away')]);
  expect(await service.exit('SIGTERM')).toBe(0);
});

it('REDIS_URL=embedded runs the whole service in one process, and says what it is not for', async () => {
  const redis = await startTestRedis();
  harness = await Harness.start({ redisUrl: redis.url, run: false });
  const service = new CliProcess(['worker'], { ...harness.env, REDIS_URL: 'embedded', LOG_LEVEL: 'info' });
  const { url } = JSON.parse(await service.line(/embedded redis: for trying/)) as { url: string };
  await service.line(/worker started/);
  const inside = await Harness.start({
    redisUrl: url,
    run: false,
    env: { QUEUE_NAME: harness.settings.QUEUE_NAME, KEY_PREFIX: harness.settings.KEY_PREFIX },
  });
  await inside.enqueue('sent-1');
  harness.simulator.send('sent-1', {
    then: [{ afterMs: 0, answer: { body: { status: 'success', message: 'Sent!' } } }],
  });
  expect((await inside.event('sent-1')).data.state).toBe('sent');
  await inside.stop();
  expect(await service.exit('SIGTERM')).toBe(0);
  await redis.stop();
});
