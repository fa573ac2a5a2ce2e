import { QueueKeys } from 'bullmq';
import type { BoundedRedis } from '../client/bounded-redis.ts';
import { keysOf } from '../contract/keys.ts';
import { spaceOf, type Space } from '../contract/space.ts';
import type { RedisClient } from '../redis/redis-client.ts';
import { isOfItsKeys } from '../redis/reply-error.ts';
import { accountState, type AccountState } from './account-states.ts';

const AT_ONCE = 500; // accounts read in one round trip

/** An account as Redis knows it. */
export type AccountSummary = {
  readonly account: string;
  readonly state: AccountState;
} & Partial<AccountCounts>;

/** Absent where Redis refuses to read them. */
type AccountCounts = {
  /** Jobs that are not finished. */
  readonly inFlight: number;
  /** Of these, jobs that are due and wait for a worker. */
  readonly waiting: number;
  /** Finished faxes that the stream of events still has. */
  readonly finished: number;
};

/**
 * Reads many accounts. Commands given in one turn leave together, as a pipeline's do; a pipeline itself may not have
 * keys of several slots on a cluster.
 *
 * @param shared the space that the accounts share
 * @param isServed whether the service polls an account
 */
export async function readAccounts(
  redis: BoundedRedis,
  shared: Space,
  accounts: readonly string[],
  isServed: (account: string) => boolean,
): Promise<AccountSummary[]> {
  const found: AccountSummary[] = [];
  for (let at = 0; at < accounts.length; at += AT_ONCE) {
    const some = accounts.slice(at, at + AT_ONCE);
    const read = async (client: RedisClient) =>
      Promise.all(
        some.map(async (account) =>
          readAccount(client, shared, account, isServed(account)).catch((error: unknown): AccountSummary => {
            if (isOfItsKeys(error)) return { account, state: 'unreadable' };
            throw error;
          }),
        ),
      );
    found.push(...(await redis.run(read)));
  }
  return found;
}

async function readAccount(
  redis: RedisClient,
  shared: Space,
  account: string,
  served: boolean,
): Promise<AccountSummary> {
  const { queueName, queuePrefix, keyPrefix } = spaceOf(shared, account, redis.isCluster);
  const keys = keysOf(keyPrefix);
  const jobs = new QueueKeys(queuePrefix).getKeys(queueName);
  const [brake, workers, paused, finished, active, delayed, ...due] = await Promise.all([
    redis.hget(keys.brake, 'reason'),
    redis.exists(keys.ceilings), // expires when no worker has said for ten seconds that it is alive
    redis.hget(jobs['meta'] ?? '', 'paused'),
    redis.xlen(keys.events),
    redis.llen(jobs['active'] ?? ''),
    redis.zcard(jobs['delayed'] ?? ''),
    redis.llen(jobs['wait'] ?? ''),
    redis.llen(jobs['paused'] ?? ''), // of clients with an older BullMQ
    redis.zcard(jobs['prioritized'] ?? ''),
  ]);
  const waiting = due.reduce((sum, count) => sum + count);
  const inFlight = active + delayed + waiting;
  const state = accountState({ served, paused: paused !== null, brake: brake ?? '', inFlight, polled: workers > 0 });
  return { account, state, inFlight, waiting, finished };
}
