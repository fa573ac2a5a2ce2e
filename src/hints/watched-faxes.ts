import { BIN_SPAN, type Keys } from '../contract/keys.ts';
import type { RedisClient } from '../redis/redis-client.ts';
import type { WatchedFax } from './page-map.ts';

/** The newest faxes in flight, at most `most`, with when each was last known pending. */
export async function watchedFaxes(redis: RedisClient, keys: Keys, most: number): Promise<WatchedFax[]> {
  const newest = await redis.zrevrange(keys.inFlight, 0, most - 1, 'WITHSCORES');
  const faxIds = newest.filter((_, i) => i % 2 === 0);
  const scores = faxIds.length === 0 ? [] : await redis.zmscore(keys.candidates, faxIds);
  return faxIds.map((faxId, i) => {
    const enqueuedAt = Number(newest[2 * i + 1]);
    return { faxId, enqueuedAt, pendingAt: scores[i] ? Number(scores[i]) % BIN_SPAN : enqueuedAt };
  });
}
