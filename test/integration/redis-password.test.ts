import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { HAS_REDIS_SERVER, startTestRedis, type TestRedis } from '../support/redis-server.ts';
import { CliProcess, run } from '../support/worker-process.ts';

// When Redis refuses the login, ioredis puts the command that it sent on the error, with the password.

const itWithRedis = HAS_REDIS_SERVER ? it : it.skip;
const SECRET = /s3cret/;
let redis: TestRedis;
let url: string;
beforeAll(async () => {
  redis = await startTestRedis();
  const admin = new Redis(redis.url);
  if (HAS_REDIS_SERVER) await admin.config('SET', 'requirepass', 'another');
  admin.disconnect();
  url = redis.url.replace('//', '//:s3cret%2Fw0rd@');
});
afterAll(() => redis.stop());

itWithRedis('a worker that Redis does not let in says why, without the password', async () => {
  const settings = { DASHBOARD_PORT: '0', LOG_LEVEL: 'trace', SHUTDOWN_TIMEOUT_MS: '2000' };
  const worker = new CliProcess(['worker'], { FAX_API_KEY: 'some-key', REDIS_URL: url, ...settings });
  await worker.line(/start failed/);
  expect(await worker.exit('SIGTERM')).toBe(0);
  expect(worker.output).toContain('WRONGPASS');
  expect(worker.output).not.toMatch(SECRET);
});

itWithRedis('a command that Redis does not let in says why, without the password', async () => {
  const commands = [['status', '1'], ['track', '1'], ['watch']];
  const outcomes = await Promise.all(commands.map(async (args) => run(args, { REDIS_URL: url })));
  for (const { code, output } of outcomes) {
    expect([code, output]).toEqual([
      69,
      expect.stringMatching(/^Redis at .*does not accept this user and password .*WRONGPASS.*REDIS_URL/),
    ]);
    expect(output).not.toMatch(SECRET);
    expect(output).not.toMatch(/^ +at /m);
  }
});
