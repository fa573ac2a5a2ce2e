import { Queue } from 'bullmq';
import { keysOf } from '../contract/keys.ts';
import type { Space } from '../contract/space.ts';
import type { BrakeReason } from '../limit/hold-time.ts';
import type { RedisClient } from '../redis/redis-client.ts';
import { every } from '../timing/every.ts';

/** What may stand in the way of polling. */
export type PollingState = {
  /** Undefined if Redis does not tell. */
  readonly workers: number | undefined;
  readonly paused: boolean;
  /** Why the brake is on; undefined if it is off. */
  readonly brake: BrakeReason | undefined;
  /** Until when polling is held, ms since 1970. */
  readonly heldUntil: number;
};

const HELD: Readonly<Record<BrakeReason, string>> = {
  unauthorized: 'Fax.to refuses the key (401): check the key in FAX_API_KEY, its file or ACCOUNTS_FILE',
  rate_limited: 'Fax.to refuses requests, as there are too many (403 or 429): it goes on by itself, slower',
  api_down: 'most requests to Fax.to fail: it goes on by itself',
};

/** Why no fax is polled now, in words for people; undefined if nothing stands in the way. Pure. */
export function standstill({ workers, paused, brake, heldUntil }: PollingState): string | undefined {
  if (workers === 0) return 'no worker runs, so nothing is polled: start one with faxwatch start, or faxwatch worker';
  if (paused) return 'the queue is paused, so nothing is polled: resume it on the dashboard';
  if (brake === undefined) return undefined;
  return `polling is stopped, next try at ${new Date(heldUntil).toISOString()}: ${HELD[brake]}`;
}

/** Reads what stands in the way of polling in one space. */
export async function readPollingState(redis: RedisClient, space: Space): Promise<PollingState> {
  const queue = new Queue(space.queueName, { connection: redis, prefix: space.queuePrefix, skipMetasUpdate: true });
  queue.on('error', () => undefined); // each call rejects by itself
  try {
    const [workers, paused, [reason, heldUntil, probeUntil]] = await Promise.all([
      queue.getWorkersCount().catch(() => undefined), // CLIENT LIST is not allowed to everyone
      queue.isPaused(),
      redis.hmget(keysOf(space.keyPrefix).brake, 'reason', 'heldUntil', 'probeUntil'),
    ]);
    const brake = (reason || undefined) as BrakeReason | undefined;
    return { workers, paused, brake, heldUntil: Math.max(Number(heldUntil), Number(probeUntil)) };
  } finally {
    await queue.close();
  }
}

const LOOK_MS = 3_000; // an account that slept has its worker by then

/** Says what stands in the way of polling whenever that changes, until disposed of. */
export function watchStandstill(redis: RedisClient, space: Space, say: (text: string) => void): Disposable {
  let last: string | undefined;
  return every(
    LOOK_MS,
    async () => {
      const state = await readPollingState(redis, space);
      const now = standstill(state);
      const kind = now === undefined ? undefined : (state.brake ?? now); // a hold that is prolonged is no news
      if (kind === last) return;
      say(now ?? 'polling goes on');
      last = kind;
    },
    () => undefined, // Redis is away: whoever waits for the faxes says so
  );
}
