import { describe, expect, it } from '@jest/globals';
import { loadScript } from '../../src/redis/script.ts';
import { redisTime } from '../support/redis-time.ts';
import { useRedisClient } from '../support/use-redis-client.ts';

// sweep-lead.lua by itself.

const redis = useRedisClient();
type Reply = [now: number, leads: number, inFlight: number, braked: number, hinted: number];

async function lead(worker: string, ms = 15_000): Promise<Reply> {
  const run = loadScript<Reply>(redis.client, new URL('../../src/hints/sweep-lead.lua', import.meta.url));
  return run(['sweeper', 'inflight', 'brake', 'hinted'], [worker, ms]);
}

describe('who sweeps', () => {
  it('is whoever comes first, and no other meanwhile', async () => {
    expect((await lead('a'))[1]).toBe(1);
    expect((await lead('b'))[1]).toBe(0);
    expect((await lead('a'))[1]).toBe(1);
    expect(await redis.client.get('sweeper')).toBe('a');
  });

  it('stays so for as long as it says each time, and another does not prolong it', async () => {
    await lead('a', 15_000);
    await redis.client.pexpire('sweeper', 5_000);
    await lead('b', 15_000);
    expect(await redis.client.pttl('sweeper')).toBeLessThanOrEqual(5_000);
    await lead('a', 15_000);
    expect(await redis.client.pttl('sweeper')).toBeGreaterThan(10_000);
  });

  it('is the next that comes once that is over', async () => {
    await lead('a');
    await redis.client.del('sweeper'); // as its expiry does
    expect((await lead('b'))[1]).toBe(1);
    expect((await lead('a'))[1]).toBe(0);
  });
});

it('a worker is told how many faxes are in flight, whether the brake is on, and how many hinted ones may be polled', async () => {
  expect((await lead('a')).slice(2)).toEqual([0, 0, 0]);
  const now = await redisTime(redis.client);
  await redis.client.zadd('inflight', 1, '1', 2, '2', 3, '3');
  await redis.client.zadd('hinted', now - 1, '1', now + 60_000, '2');
  await redis.client.hset('brake', 'reason', 'rate_limited');
  expect((await lead('a')).slice(2)).toEqual([3, 1, 1]);
  await redis.client.hset('brake', 'reason', '');
  const [told, , , braked] = await lead('a');
  expect(braked).toBe(0);
  expect(told).toBeGreaterThanOrEqual(now);
});
