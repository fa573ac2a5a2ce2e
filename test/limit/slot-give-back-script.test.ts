import { expect, it } from '@jest/globals';
import { loadScript } from '../../src/redis/script.ts';
import { useRedisClient } from '../support/use-redis-client.ts';

// give-back.lua by itself, on BullMQ's limiter key: a count of the slots taken, which expires with their window.

const redis = useRedisClient();
const LIMITER = 'bull:fax-status:limiter';
const WINDOW_MS = 60_000;
const HELD = Number.MAX_SAFE_INTEGER;

/** Gives a slot back that was taken so long ago, at least. */
async function giveBack(takenMsAgo: number): Promise<number> {
  const run = loadScript<number>(redis.client, new URL('../../src/limit/slot-give-back.lua', import.meta.url));
  return run([LIMITER], [WINDOW_MS, takenMsAgo, HELD]);
}

/** A window that began so long ago, with so many slots taken. */
async function window(taken: number, agoMs = 30_000): Promise<void> {
  await redis.client.set(LIMITER, taken, 'PX', WINDOW_MS - agoMs);
}

it('a slot is given back in the window in which it was taken, and the window ends as before', async () => {
  await window(2);
  expect(await giveBack(20_000)).toBe(1);
  expect(await redis.client.get(LIMITER)).toBe('1');
  const ttl = await redis.client.pttl(LIMITER);
  expect(ttl).toBeGreaterThan(20_000);
  expect(ttl).toBeLessThanOrEqual(30_000);
});

it('the only slot of a window is given back too', async () => {
  await window(1);
  expect(await giveBack(20_000)).toBe(1);
  expect(await redis.client.get(LIMITER)).toBe('0');
});

it('a slot that was taken in an earlier window is not: those of the window now are others’', async () => {
  await window(2, 10_000);
  expect(await giveBack(20_000)).toBe(0);
  expect(await redis.client.get(LIMITER)).toBe('2');
});

it('a window that is over has nothing to give back', async () => {
  expect(await giveBack(1)).toBe(0);
  expect(await redis.client.exists(LIMITER)).toBe(0);
});

it('more than was taken is never given back', async () => {
  await window(0);
  expect(await giveBack(20_000)).toBe(0);
  expect(await redis.client.get(LIMITER)).toBe('0');
});

it('a hold stays as it is', async () => {
  await window(HELD);
  expect(await giveBack(20_000)).toBe(0);
  expect(await redis.client.get(LIMITER)).toBe(String(HELD));
});
