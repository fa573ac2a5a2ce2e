import { QueueKeys } from 'bullmq';
import { Cluster, type Redis } from 'ioredis';
import { literally } from '../client/account-space.ts';
import type { BoundedRedis } from '../client/bounded-redis.ts';
import { ACCOUNT_NAME, spaceOf, type Space } from '../contract/space.ts';

const PAGE = 2_000; // keys looked at in one step, about 1 ms of Redis's time

/** The accounts to whose queues anything was ever added. */
export type NamesFound = {
  readonly names: ReadonlySet<string>;
  /** Whether all keys were looked at in the time given. */
  readonly complete: boolean;
};

/**
 * Looks for accounts in Redis: there is no list of queues, so all keys are looked at, page by page.
 *
 * @param shared the space that the accounts share
 * @param stop ends the search early
 */
export async function accountsInRedis(redis: BoundedRedis, shared: Space, stop: AbortSignal): Promise<NamesFound> {
  const names = new Set<string>();
  const { client } = redis;
  const cluster = client instanceof Cluster;
  const pattern = literally(counterKey(shared, '\0', cluster)).replaceAll('\0', '*');
  await redis.run(async (ready) => ready.ping()); // a cluster knows its nodes from then on
  const search = async (node: Redis): Promise<boolean> => {
    for (let cursor = '0'; !stop.aborted;) {
      const [next, keys] = await redis.run(async () => node.scan(cursor, 'MATCH', pattern, 'COUNT', PAGE));
      for (const key of keys) {
        const name = key.slice(key.lastIndexOf('.') + 1, -COUNTER.length - 1);
        if (ACCOUNT_NAME.test(name) && counterKey(shared, name, cluster) === key) names.add(name);
      }
      if (next === '0') return true;
      cursor = next;
    }
    return false;
  };
  const searched = await Promise.all((cluster ? client.nodes('master') : [client]).map(search));
  return { names, complete: searched.every(Boolean) };
}

const COUNTER = 'id'; // BullMQ counts the jobs of a queue there, from the first one on

function counterKey(shared: Space, account: string, cluster: boolean): string {
  const { queuePrefix, queueName } = spaceOf(shared, account, cluster);
  return new QueueKeys(queuePrefix).toKey(queueName, COUNTER);
}
