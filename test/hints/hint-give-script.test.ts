import { expect, it } from '@jest/globals';
import { loadScript } from '../../src/redis/script.ts';
import { redisTime } from '../support/redis-time.ts';
import { useRedisClient } from '../support/use-redis-client.ts';

// hint-give.lua by itself.

const redis = useRedisClient();
const KEPT_MS = 900_000;
const HINT = 'history 3 success';

/** Gives hints of faxes. @returns what became of each */
async function give(...hints: readonly (readonly [faxId: string, hint: string])[]): Promise<string[]> {
  const run = loadScript<string[]>(redis.client, new URL('../../src/hints/hint-give.lua', import.meta.url));
  const keys = hints.flatMap(([faxId]) => [`status:${faxId}`, `hint:${faxId}`]);
  return run(['inflight', 'hinted', 'hints', ...keys], [KEPT_MS, ...hints.flat()]);
}

it('a fax in flight may be polled from now on', async () => {
  await redis.client.zadd('inflight', 1, '200');
  const before = await redisTime(redis.client);
  expect(await give(['200', HINT])).toEqual(['watched']);
  const at = Number(await redis.client.zscore('hinted', '200'));
  expect(at).toBeGreaterThanOrEqual(before);
  expect(at).toBeLessThanOrEqual(await redisTime(redis.client));
  expect(await redis.client.hgetall('hints')).toEqual({ '200': HINT });
  expect(await redis.client.exists('hint:200')).toBe(0);
});

it('a hint that waits for the least interval stays as it is when the same comes again', async () => {
  await redis.client.zadd('inflight', 1, '200');
  await redis.client.zadd('hinted', 9e12, '200');
  await redis.client.hset('hints', '200', 'callback 1 ');
  expect(await give(['200', HINT])).toEqual(['watched']);
  expect(await redis.client.zscore('hinted', '200')).toBe('9000000000000');
  expect(await redis.client.hget('hints', '200')).toBe('callback 1 ');
});

it('a fax that has its result needs none', async () => {
  await redis.client.hset('status:200', 'state', 'sent');
  expect(await give(['200', HINT])).toEqual(['finished']);
  expect(await redis.client.keys('*')).toEqual(['status:200']);
});

it('that of a fax not in flight is kept for a while', async () => {
  expect(await give(['200', HINT])).toEqual(['kept']);
  expect(await redis.client.get('hint:200')).toBe(HINT);
  const ttl = await redis.client.pttl('hint:200');
  expect(ttl).toBeGreaterThan(KEPT_MS - 10_000);
  expect(ttl).toBeLessThanOrEqual(KEPT_MS);
  expect(await redis.client.keys('*')).toEqual(['hint:200']);
});

it('of several each is what it is', async () => {
  await redis.client.zadd('inflight', 1, '1');
  await redis.client.hset('status:2', 'state', 'sent');
  expect(await give(['1', HINT], ['2', HINT], ['3', 'callback 3 '])).toEqual(['watched', 'finished', 'kept']);
  expect(await redis.client.get('hint:3')).toBe('callback 3 ');
});
