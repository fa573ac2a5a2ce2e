import type { RedisClient } from '../redis/redis-client.ts';

/**
 * Subscribes a connection to a channel, and again each time that it comes back. ioredis would do the latter by itself, but nobody handles that
 * promise: a client closed in that moment would end its process with an unhandled rejection.
 *
 * @returns when publications come in
 */
export async function subscribe(subscriber: RedisClient, channel: string): Promise<void> {
  if ('autoResubscribe' in subscriber.options) { // a cluster has none, and handles the promise
    subscriber.options.autoResubscribe = false;
    subscriber.on('ready', () => void subscriber.subscribe(channel).catch(() => undefined));
  }
  await subscriber.subscribe(channel);
}
