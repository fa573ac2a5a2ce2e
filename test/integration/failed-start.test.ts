import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { Harness } from '../support/harness.ts';
import { useRedis } from '../support/use-redis.ts';
import { run } from '../support/worker-process.ts';

const redis = useRedis();
let holder: Server;
let port: string;

beforeEach(async () => {
  holder = createServer();
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
  port = String((holder.address() as AddressInfo).port);
});
afterEach(() => void holder.close());

/** What would keep the process alive, timers and servers among it. */
const handles = (): string[] =>
  process
    .getActiveResourcesInfo()
    .filter((name) => /Timeout|Immediate|TCP(Server|Socket)Wrap/.test(name))
    .sort();

it('a dashboard whose port is taken fails to start, and leaves no connection and no handle', async () => {
  const harness = await Harness.start({ redisUrl: redis.url, run: false, env: { DASHBOARD_PORT: port } });
  await Promise.all([harness.redis.ping(), harness.queue.waitUntilReady()]); // all that the test connects
  const before = handles();
  await expect(harness.run({ worker: true, board: true })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await harness.untilAsync(async () => {
    const clients = (await harness.redis.client('LIST')) as string;
    const left = clients.includes('name=faxwatch') || handles().length > before.length; // a socket takes a moment
    return left ? undefined : true;
  });
  await harness.stop();
});

it.each([
  [{ CALLBACK_HOST: '192.0.2.1', CALLBACK_PORT: '4000', CALLBACK_SECRET: 'sixteen-or-more-chars' }, 'CALLBACK_HOST'],
  [{ DASHBOARD_HOST: '192.0.2.1', DASHBOARD_PASSWORD: 'correct horse' }, 'DASHBOARD_HOST'],
])(
  'a host that cannot be listened on ends the worker with a plain line: %j',
  async (env, name) => {
    const { code, output } = await run(['worker'], { FAX_API_KEY: 'key', REDIS_URL: redis.url, ...env });
    expect([code, output]).toEqual([69, expect.stringMatching(new RegExp(`cannot listen on 192.0.2.1.*${name}`))]);
    expect(output).not.toMatch(/^ +at /m);
  },
  20_000,
);

it('a worker whose port is taken works without it, and stops', async () => {
  const harness = await Harness.start({ redisUrl: redis.url, run: false, env: { DASHBOARD_PORT: port } });
  const service = await harness.run({ worker: true, board: false });
  expect(service.address).toBeUndefined();
  await harness.stop();
});
