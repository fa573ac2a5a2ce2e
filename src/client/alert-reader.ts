import { on } from 'node:events';
import type { AlertEvent } from '../alerts/alert.ts';
import type { Keys } from '../keys.ts';
import type { RedisClient } from '../redis/redis-client.ts';
import { subscribe } from './subscribe.ts';

/** Alerts as they are published, until the signal is aborted. @param subscriber closed at the end */
export async function* readAlerts(subscriber: RedisClient, keys: Keys, signal: AbortSignal): AsyncGenerator<AlertEvent, void, undefined> {
  try {
    const messages = on(subscriber, 'message', { signal });
    await subscribe(subscriber, keys.alerts);
    for await (const [, message] of messages as AsyncIterable<[channel: string, message: string]>) yield JSON.parse(message) as AlertEvent;
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    subscriber.disconnect();
  }
}
