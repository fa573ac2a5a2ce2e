import { checkAccountName } from '../client/account-space.ts';
import { FaxStatusClient } from '../client/client.ts';
import { spaceOf, type Space } from '../contract/space.ts';
import { createLog } from '../log/log.ts';
import { connectRedis } from '../redis/connect.ts';
import type { RedisClient } from '../redis/redis-client.ts';
import { accountsFile } from './accounts-file.ts';
import { CommandError, EX_UNAVAILABLE, EX_USAGE } from './failure.ts';
import type { Settings } from '../settings/table.ts';
import { readSettings } from './settings.ts';

export const COMMAND_TIMEOUT_MS = 5_000;

/** What the small commands share. */
export type Session = {
  readonly settings: Settings;
  readonly redis: RedisClient;
  /** A connection of its own. */
  readonly connect: () => RedisClient;
  /** Of a service without accounts. */
  readonly whole: Space;
  /** What the accounts share. */
  readonly shared: Space;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
};

/** What a client is of. */
export type Service = Pick<Session, 'settings' | 'redis'> & { readonly space: Space };

/** A session on the Redis of the settings, whose connections are closed at the end. */
export async function withRedis<T>(use: (session: Session) => Promise<T>): Promise<T> {
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
  const { QUEUE_NAME: queueName, QUEUE_PREFIX: queuePrefix, KEY_PREFIX: keyPrefix } = settings;
  const whole = { queueName, queuePrefix, keyPrefix };
  try {
    return await use({
      settings,
      redis: redis.client,
      connect: () => redis.duplicate(),
      whole,
      shared: redis.client.isCluster ? withoutBraces(whole) : whole,
      signal: interrupt.signal,
    });
  } finally {
    await redis.close();
  }
}

/**
 * A session with a client for one account, or for a service without accounts.
 *
 * @throws AccountError if no account can have that name
 * @throws CommandError if no account is named, and the service has some
 */
export async function withClient<T>(
  account: string | undefined,
  use: (client: FaxStatusClient, signal: AbortSignal, service: Service) => Promise<T>,
): Promise<T> {
  if (account !== undefined) checkAccountName(account);
  return withRedis(async ({ settings, redis, connect, whole, shared, signal }) => {
    if (account === undefined && accountsFile() !== undefined) {
      throw new CommandError(
        'ACCOUNTS_FILE is set: say which account with --account NAME; faxwatch accounts lists them',
        EX_USAGE,
      );
    }
    const client = new FaxStatusClient({
      redis: connect,
      ...(account === undefined ? whole : { ...shared, account }),
      commandTimeoutMs: COMMAND_TIMEOUT_MS,
    });
    try {
      await client.lastEventId(); // if Redis is away, say so before anything is read or printed
      const space = account === undefined ? whole : spaceOf(shared, account, redis.isCluster);
      return await use(client, signal, { settings, redis, space });
    } finally {
      await client.close();
    }
  });
}

// A service without accounts needs braces in its settings on a cluster; an account's hash tag comes in their place.
const withoutBraces = ({ queueName, queuePrefix, keyPrefix }: Space): Space => ({
  queueName,
  queuePrefix: queuePrefix.replace(/[{}]/g, ''),
  keyPrefix: keyPrefix.replace(/[{}]/g, ''),
});
