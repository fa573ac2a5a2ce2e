import { expect, it } from '@jest/globals';
import { loadScript } from '../../src/redis/script.ts';
import { useRedisClient } from '../support/use-redis-client.ts';

// slot-take.lua by itself, on BullMQ's limiter key: a count of the slots taken, which expires with their window.

const redis = useRedisClient();
const LIMITER = 'bull:fax-status:limiter';
const WAIT = 'bull:fax-status:wait';
const META = 'bull:fax-status:meta';
const WINDOW_MS = 60_000;
const MAX = 2;
const AGAIN_MS = 20;
const PAUSED_MS = 1_000;

async function take(): Promise<number> {
  const run = loadScript<number>(redis.client, new URL('../../src/limit/slot-take.lua', import.meta.url));
  return run([LIMITER, WAIT, META], [MAX, WINDOW_MS, AGAIN_MS, PAUSED_MS]);
}

it('the first slot of a window begins it, and there are no more than the window has', async () => {
  expect(await take()).toBe(0);
  const ttl = await redis.client.pttl(LIMITER);
  expect(ttl).toBeGreaterThan(WINDOW_MS - 10_000);
  await redis.client.pexpire(LIMITER, 30_000);
  expect(await take()).toBe(0);
  const waitMs = await take();
  expect(waitMs).toBeGreaterThan(20_000);
  expect(waitMs).toBeLessThanOrEqual(30_000); // the window ends as before
  expect(await redis.client.get(LIMITER)).toBe(String(MAX));
});

it('jobs that wait for a slot go first', async () => {
  await redis.client.lpush(WAIT, '1');
  expect(await take()).toBe(AGAIN_MS);
  await redis.client.set(LIMITER, 1, 'PX', 30_000);
  expect(await take()).toBeGreaterThan(20_000);
  expect(await redis.client.get(LIMITER)).toBe('1');
  await redis.client.del(WAIT);
  expect(await take()).toBe(0);
});

it('a hold is waited for, and stays as it is', async () => {
  await redis.client.set(LIMITER, Number.MAX_SAFE_INTEGER, 'PX', 30_000);
  expect(await take()).toBeGreaterThan(20_000);
  expect(await redis.client.get(LIMITER)).toBe(String(Number.MAX_SAFE_INTEGER));
});

it('while the queue is paused there is none', async () => {
  await redis.client.hset(META, 'paused', 1);
  expect(await take()).toBe(PAUSED_MS);
  expect(await redis.client.exists(LIMITER)).toBe(0);
  await redis.client.hdel(META, 'paused');
  expect(await take()).toBe(0);
});

it('a slot taken in the last instant of a window begins the next one', async () => {
  for (let times = 0; times < 50; times += 1) {
    await redis.client.set(LIMITER, MAX, 'PX', 2);
    while ((await take()) > 0); // asked for again and again, Redis is met at the millisecond in which the window ends
    expect(await redis.client.pttl(LIMITER)).toBeGreaterThan(WINDOW_MS - 10_000);
    expect(await redis.client.get(LIMITER)).toBe('1');
  }
});
