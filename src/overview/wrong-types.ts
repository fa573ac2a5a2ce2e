import type { Queue } from 'bullmq';
import type { Keys } from '../contract/keys.ts';
import type { RedisClient } from '../redis/redis-client.ts';

type Type = 'hash' | 'list' | 'stream' | 'string' | 'zset';

const OWN = {
  inFlight: 'zset',
  candidates: 'zset',
  chosen: 'zset',
  hinted: 'zset',
  hints: 'hash',
  brake: 'hash',
  pace: 'hash',
  refusals: 'zset',
  ceilings: 'hash',
  answered: 'zset',
  notFoundStreak: 'list',
  model: 'hash',
  events: 'stream',
} as const satisfies Partial<Record<keyof Keys, Type>>;

const OF_QUEUE: Readonly<Record<string, Type>> = {
  wait: 'list',
  paused: 'list',
  active: 'list',
  delayed: 'zset',
  prioritized: 'zset',
  marker: 'zset',
  meta: 'hash',
  limiter: 'string',
};

/** The keys of an account that have another type than this service and BullMQ gave them: polling may stand still. */
export async function wrongTypes(redis: RedisClient, keys: Keys, queue: Queue): Promise<string[]> {
  const wanted: [key: string, type: Type][] = [
    ...Object.entries(OWN).map(([name, type]): [string, Type] => [keys[name as keyof typeof OWN], type]),
    ...Object.entries(OF_QUEUE).map(([name, type]): [string, Type] => [queue.toKey(name), type]),
  ];
  // A Redis user that may not ask for types still gets the rest of the page.
  const types = await Promise.all(wanted.map(async ([key]) => redis.type(key).catch(() => 'none')));
  return wanted.flatMap(([key, type], i) => (types[i] === type || types[i] === 'none' ? [] : [key]));
}
