import type { Redis } from 'ioredis';

/** The time of Redis, ms since 1970, as its scripts reckon it. */
export async function redisTime(redis: Redis): Promise<number> {
  const [seconds, micros] = await redis.time();
  return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
}
