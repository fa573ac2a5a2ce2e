import type { Keys } from '../contract/keys.ts';
import { countsHash } from '../polling/counts.ts';
import type { RedisClient } from '../redis/redis-client.ts';
import { dayCounts, HASHES_OF_A_DAY, type DayCounts } from './day-counts.ts';

/** The counts of the last day, of all workers together. @param now ms since 1970 */
export async function readDayCounts(redis: RedisClient, keys: Keys, now: number): Promise<DayCounts> {
  const last = countsHash(now);
  const pipeline = redis.pipeline();
  for (let i = HASHES_OF_A_DAY - 1; i >= 0; i -= 1) pipeline.hgetall(keys.counts(last - i));
  const replies = (await pipeline.exec()) ?? [];
  const hashes = replies.map(([error, hash]) => (error ? {} : (hash as Record<string, string>)));
  return dayCounts(hashes, now);
}
