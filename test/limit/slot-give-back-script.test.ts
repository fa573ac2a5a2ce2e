import { describe, expect, it } from '@jest/globals';
import { loadScript } from '../../src/redis/script.ts';
import { useRedisClient } from '../support/use-redis-client.ts';

// slot-give-back.lua and limiter-check.lua by themselves, on BullMQ's limiter key: a count of the slots taken, which expires with their window.

const redis = useRedisClient();
const LIMITER = 'bull:fax-status:limiter';
const CREDIT = 'bull:fax-status:limiter:credit';
const META = 'bull:fax-status:meta';
const WINDOW_MS = 60_000;
const HELD = Number.MAX_SAFE_INTEGER;

/** Gives a slot back that was taken so long ago, at least. */
async function giveBack(takenMsAgo: number): Promise<number> {
  const run = loadScript<number>(redis.client, new URL('../../src/limit/slot-give-back.lua', import.meta.url));
  return run([LIMITER, CREDIT], [WINDOW_MS, takenMsAgo, HELD]);
}

async function check(): Promise<unknown> {
  const run = loadScript<unknown>(redis.client, new URL('../../src/limit/limiter-check.lua', import.meta.url));
  return run([LIMITER, META, CREDIT], [HELD]);
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

describe('what a slot that is given back took from its window', () => {
  it('is made up for once: the window in which it is taken again ends so much sooner', async () => {
    await window(1, 5_000);
    await giveBack(4_000);
    await window(1, 0); // as BullMQ begins it
    await redis.client.hset(META, { max: 1, duration: WINDOW_MS });
    expect(await check()).toEqual(['1', String(WINDOW_MS)]);
    const ttl = await redis.client.pttl(LIMITER);
    expect(ttl).toBeGreaterThan(WINDOW_MS - 7_000);
    expect(ttl).toBeLessThanOrEqual(WINDOW_MS - 5_000);
    await check();
    expect(await redis.client.pttl(LIMITER)).toBeGreaterThan(WINDOW_MS - 7_000);
  });

  it('is an eighth of a window at most, however many come one after the other', async () => {
    for (let i = 0; i < 5; i += 1) {
      await window(1, 5_000);
      await giveBack(4_000);
    }
    expect(Number(await redis.client.get(CREDIT))).toBe(WINDOW_MS / 8);
    await redis.client.set(LIMITER, 1, 'PX', 1_000); // a window that has less left ends when it ends
    await check();
    expect(await redis.client.pttl(LIMITER)).toBeGreaterThan(0);
  });

  it('is nothing where the window has other slots, and ends no hold', async () => {
    await window(2, 5_000);
    await giveBack(4_000);
    expect(await redis.client.exists(CREDIT)).toBe(0);
    await window(1, 5_000);
    await giveBack(4_000);
    await window(HELD, 0);
    await check();
    expect(await redis.client.pttl(LIMITER)).toBeGreaterThan(WINDOW_MS - 2_000);
  });
});
