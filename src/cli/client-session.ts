import { FaxStatusClient } from '../client/client.ts';
import { createLog } from '../log/log.ts';
import { connectRedis } from '../redis/connect.ts';
import type { RedisClient } from '../redis/redis-client.ts';
import { CommandError, EX_UNAVAILABLE } from './failure.ts';
import { readSettings } from './settings.ts';

const COMMAND_TIMEOUT_MS = 5_000;

/** What the small commands share: a client on the Redis of the settings, closed at the end. Ctrl-C aborts `signal`. */
export async function withClient<T>(
  use: (client: FaxStatusClient, signal: AbortSignal, service: { redis: RedisClient; keyPrefix: string }) => Promise<T>,
): Promise<T> {
  const settings = readSettings(false);
  if (settings.REDIS_URL === 'embedded') {
    throw new CommandError(
      'REDIS_URL=embedded is a Redis inside one process: set REDIS_URL to the address that process printed at startup',
      EX_UNAVAILABLE,
    );
  }
  const redis = await connectRedis(settings, await createLog('silent', []));
  const interrupt = new AbortController();
  process.once('SIGINT', () => interrupt.abort());
  process.once('SIGTERM', () => interrupt.abort());
  const client = new FaxStatusClient({
    redis: () => redis.duplicate(),
    queueName: settings.QUEUE_NAME,
    queuePrefix: settings.QUEUE_PREFIX,
    keyPrefix: settings.KEY_PREFIX,
    commandTimeoutMs: COMMAND_TIMEOUT_MS,
  });
  try {
    await client.lastEventId(); // if Redis is away, say so before anything is read or printed
    return await use(client, interrupt.signal, { redis: redis.client, keyPrefix: settings.KEY_PREFIX });
  } finally {
    await client.close();
    await redis.close();
  }
}
