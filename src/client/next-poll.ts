import type { Keys } from '../contract/keys.ts';
import type { FaxProgress } from '../contract/progress.ts';
import type { RedisClient } from '../redis/redis-client.ts';

/**
 * When a fax is polled next: while the brake is on, not before the brake allows it. ISO 8601, UTC; null if it is due.
 */
export async function nextPollAt(redis: RedisClient, keys: Keys, progress: FaxProgress): Promise<string | null> {
  const [[seconds, micros], brake] = await Promise.all([
    redis.time(),
    redis.hmget(keys.brake, 'reason', 'heldUntil', 'probeUntil'),
  ]);
  return nextPollAfterHold(progress.nextPollAt, brake, Number(seconds) * 1000 + Number(micros) / 1000);
}

/**
 * @param planned ISO 8601, UTC
 * @param brake reason, held until, probe until (ms since 1970), as the brake has them in Redis; no reason if it is off
 * @param now ms since 1970
 */
export function nextPollAfterHold(
  planned: string | null,
  [reason, heldUntil, probeUntil]: readonly (string | null | undefined)[],
  now: number,
): string | null {
  const free = reason ? Math.max(Number(heldUntil), Number(probeUntil)) : 0;
  const at = Math.max(planned === null ? 0 : Date.parse(planned), free);
  return at > now ? new Date(at).toISOString() : null;
}
