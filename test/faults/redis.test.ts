import { afterEach, describe, expect, it } from '@jest/globals';
import { HAS_REDIS_SERVER, startTestRedis, type TestRedis } from '../support/redis-server.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { FaultyFleet, FAXES, NO_LOSSES } from './fleet.ts';

const withServer = HAS_REDIS_SERVER ? describe : describe.skip;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

let redis: TestRedis;
let proxy: TcpProxy | undefined;
let fleet: FaultyFleet;
afterEach(async () => {
  await fleet.stop();
  await proxy?.stop();
  await redis.stop();
  proxy = undefined;
});

withServer('Redis itself', () => {
  it('kill -9 and restart on its AOF, during polls and between request and record: nothing is lost', async () => {
    redis = await startTestRedis(['--appendonly', 'yes', '--appendfsync', 'always']);
    fleet = await FaultyFleet.start({ redisUrl: redis.url, workers: 2 });
    await fleet.send(FAXES, FAXES * 10);
    const crashes = await fleet.disturb(async () => {
      await pause(1_500);
      await redis.crash();
      await pause(1_500);
    });
    expect(await fleet.losses('kill -9 of Redis', crashes, crashes)).toEqual(NO_LOSSES);
    expect(crashes).toBeGreaterThan(0);
  }, 600_000);

  it('kill -9 while workers start and while they stop: they start when it is back, end with exit 0, and nothing is lost', async () => {
    redis = await startTestRedis(['--appendonly', 'yes', '--appendfsync', 'always']);
    fleet = await FaultyFleet.start({
      redisUrl: redis.url,
      workers: 2,
      started: false,
      env: { SHUTDOWN_TIMEOUT_MS: '3000' },
    });
    await redis.crash();
    await fleet.send(60, 6_000);
    const codes: (number | null)[] = [];
    const times = await fleet.disturb(async () => {
      await fleet.workers[0]?.line(/worker started/);
      const [code] = await Promise.all([fleet.kill(0, 'SIGTERM'), redis.crash()]);
      codes.push(code);
      await pause(500);
    });
    expect(await fleet.losses('kill -9 of Redis at start and shutdown', times + 1, times + 1)).toEqual(NO_LOSSES);
    expect(new Set(codes)).toEqual(new Set([0]));
  }, 120_000);

  it('out of memory (maxmemory): nothing is half-written, and work goes on when there is memory again', async () => {
    redis = await startTestRedis();
    fleet = await FaultyFleet.start({ redisUrl: redis.url, workers: 2 });
    const { harness } = fleet;
    await fleet.send(60, 3_000);
    await pause(1_000);
    await harness.redis.config('SET', 'maxmemory', 1);
    const before = await fleet.finished();
    await fleet.kill(0); // and one starts meanwhile
    await pause(3_000);
    const whole = (await harness.redis.keys(`${harness.settings.KEY_PREFIX}status:*`)).length;
    expect([await fleet.finished(), whole]).toEqual([before, before]);
    await harness.redis.config('SET', 'maxmemory', 0);
    expect(await fleet.losses('out of memory for 3 s', 1)).toEqual(NO_LOSSES);
  }, 120_000);

  it('READONLY, as an old master says after a failover: workers go on as soon as writes are taken', async () => {
    redis = await startTestRedis();
    fleet = await FaultyFleet.start({ redisUrl: redis.url, workers: 2 });
    const { redis: client } = fleet.harness;
    await fleet.send(60, 3_000);
    await pause(1_000);
    await client.call('REPLICAOF', '127.0.0.1', '1');
    await pause(2_000);
    const during = await fleet.finished();
    await client.call('REPLICAOF', 'NO', 'ONE');
    expect(await fleet.losses('READONLY for 2 s', 1)).toEqual(NO_LOSSES);
    expect(during).toBeLessThan(60);
  }, 120_000);
});

describe('the way to Redis', () => {
  const behindProxy = async (env: Record<string, string> = {}): Promise<TcpProxy> => {
    redis = await startTestRedis();
    proxy = await TcpProxy.start(Number(new URL(redis.url).port));
    fleet = await FaultyFleet.start({ redisUrl: redis.url, workers: 2, workerEnv: { REDIS_URL: proxy.url }, env });
    return proxy;
  };

  it('slow by 500 ms each way: slower, and right', async () => {
    const slow = await behindProxy({ LOCK_DURATION_MS: '10000', STALLED_INTERVAL_MS: '5000' });
    slow.latencyMs = 500;
    await fleet.send(4, 1_000); // BullMQ fetches one job per round trip and worker
    expect(await fleet.losses('Redis 500 ms away', 1)).toEqual(NO_LOSSES);
  }, 120_000);

  it('reset again and again: every command that was under way is sent again', async () => {
    const broken = await behindProxy();
    await fleet.send(FAXES, 4_000);
    let resets = 0;
    await fleet.disturb(async () => {
      await pause(700);
      resets += broken.reset();
    });
    expect(await fleet.losses('connections to Redis reset', resets)).toEqual(NO_LOSSES);
    expect(resets).toBeGreaterThan(4);
  }, 120_000);

  it('half open, so that no answer and no error comes: a new connection is made', async () => {
    const dead = await behindProxy();
    await fleet.send(40, 2_000);
    await pause(1_000);
    const frozen = dead.freeze();
    expect(frozen).toBeGreaterThan(0);
    expect(await fleet.losses('half-open connections', frozen)).toEqual(NO_LOSSES);
  }, 120_000);
});
