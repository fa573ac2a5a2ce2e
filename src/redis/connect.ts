import { Cluster, type RedisOptions } from 'ioredis';
import type { Settings } from '../settings/table.ts';
import type { Log } from '../log/log.ts';
import { BatchingRedis } from './batching-redis.ts';
import { addressOf, connectionFault } from './connection-fault.ts';
import { startEmbedded } from './embedded.ts';
import type { RedisClient } from './redis-client.ts';

export type RedisSettings = Pick<
  Settings,
  'REDIS_URL' | 'REDIS_CLUSTER_NODES' | 'REDIS_SENTINELS' | 'REDIS_SENTINEL_NAME'
>;

/** The process's access to Redis. `close` ends the connections, and the embedded server if there is one. */
export type RedisConnection = {
  readonly client: RedisClient;
  /** A connection of its own, for what blocks or subscribes. */
  duplicate(): RedisClient;
  close(): Promise<void>;
};

const RECONNECT_CEILING_MS = 2_000;
const SILENCE_MS = 15_000; // longer than BullMQ's blocking read (10 s)

const connectionOptions = {
  connectionName: 'faxwatch',
  // Commands wait for Redis to come back instead of failing: a result in hand is recorded then (and BullMQ asks for
  // this).
  maxRetriesPerRequest: null,
  retryStrategy: (attempt: number) => Math.min(50 * 2 ** Math.min(attempt, 10), RECONNECT_CEILING_MS),
  // After a failover the old master refuses writes: connect again and resend the command (2, ioredis README,
  // "Reconnect on error").
  reconnectOnError: (error: Error) => (error.message.includes('READONLY') ? 2 : false),
  // A half-open connection (the other side gone without notice) gives no answer and no error: it is replaced.
  socketTimeout: SILENCE_MS,
} satisfies RedisOptions;

/**
 * Connects to the Redis that the settings name: standalone, through sentinels, a cluster, or one embedded in this
 * process. It does not wait until Redis answers; loss and return of the connection are logged, once each.
 */
export async function connectRedis(settings: RedisSettings, log: Log): Promise<RedisConnection> {
  const embedded = settings.REDIS_URL === 'embedded' ? await startEmbedded(log) : undefined;
  const open: RedisClient[] = [];
  const connect = (): RedisClient => {
    const client = createClient(settings, embedded?.url ?? settings.REDIS_URL);
    logStateChanges(client, log);
    open.push(client);
    return client;
  };
  return {
    client: connect(),
    duplicate: connect,
    async close() {
      for (const client of open) client.disconnect();
      await embedded?.close();
    },
  };
}

function createClient(settings: RedisSettings, url: string): RedisClient {
  const { REDIS_CLUSTER_NODES: nodes, REDIS_SENTINELS: sentinels, REDIS_SENTINEL_NAME: name } = settings;
  if (nodes) {
    return new Cluster([...nodes], {
      redisOptions: { ...connectionOptions, ...credentials(url) },
      clusterRetryStrategy: connectionOptions.retryStrategy,
    });
  }
  if (sentinels) {
    return new BatchingRedis({
      ...connectionOptions,
      ...credentials(url),
      sentinels: [...sentinels],
      name: name ?? '',
    });
  }
  return new BatchingRedis(url, connectionOptions);
}

// Sentinels and cluster nodes name hosts only: user, password and TLS come from REDIS_URL.
function credentials(url: string): { username?: string; password?: string; tls?: object } {
  const { username, password, protocol } = new URL(url);
  return {
    ...(username && { username: decodeURIComponent(username) }),
    ...(password && { password: decodeURIComponent(password) }),
    ...(protocol === 'rediss:' && { tls: {} }),
  };
}

function logStateChanges(client: RedisClient, log: Log): void {
  let away = false;
  client.on('error', (error: Error) => {
    if (!away) {
      const { cause, check } = connectionFault(error);
      log.warn({ redis: addressOf(client), reason: `${cause}; ${check}` }, 'redis is away: waiting for it');
    }
    away = true;
  });
  client.on('ready', () => {
    if (away) log.info('redis is back');
    away = false;
  });
}
