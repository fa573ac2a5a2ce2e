import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Cluster, Redis } from 'ioredis';
import { FaxStatusClient, type FaxCompletedEvent } from '../../src/index.ts';
import { fateOf } from '../../src/simulator/fate.ts';
import { Harness } from '../support/harness.ts';
import { HAS_REDIS_SERVER } from '../support/redis-server.ts';
import { useCluster } from '../support/use-cluster.ts';
import { useRedis } from '../support/use-redis.ts';

// Contract §8: the client on two accounts of one Redis, each polled by a service in the account's space.

/** An event as a service with accounts publishes it. */
const eventOf = (account: string, faxJobId: number): FaxCompletedEvent => ({
  specversion: '1.0',
  id: `fax-${faxJobId}`,
  source: `/faxwatch/${account}`,
  account,
  type: 'fax.job.completed',
  subject: String(faxJobId),
  time: '2030-01-01T00:00:00.000Z',
  datacontenttype: 'application/json',
  data: {
    faxJobId,
    state: 'sent',
    reason: 'ok',
    apiStatus: 'success',
    message: 'Sent',
    userCashBalance: null,
    polls: 1,
    enqueuedAt: '2030-01-01T00:00:00.000Z',
    completedAt: '2030-01-01T00:00:00.000Z',
    metadata: {},
  },
});

/** Collects what comes, until as many are there. */
async function first(count: number, events: AsyncIterable<FaxCompletedEvent>): Promise<FaxCompletedEvent[]> {
  const found: FaxCompletedEvent[] = [];
  for await (const event of events) if (found.push(event) === count) break;
  return found;
}

describe('two accounts side by side', () => {
  const redis = useRedis();
  let north: Harness;
  let south: Harness;
  let ofNorth: FaxStatusClient;
  let ofSouth: FaxStatusClient;
  beforeEach(async () => {
    const start = async (account: string): Promise<Harness> =>
      Harness.start({
        redisUrl: redis.url,
        env: { QUEUE_NAME: `fax-status.${account}`, KEY_PREFIX: `fax:${account}:` },
      });
    [north, south] = await Promise.all([start('north'), start('south')]);
    ofNorth = new FaxStatusClient({ redis: redis.url, account: 'north' });
    ofSouth = new FaxStatusClient({ redis: redis.url, account: 'south' });
  });
  afterEach(async () => {
    await Promise.all([ofNorth.close(), ofSouth.close()]);
    await north.redis.flushall();
    await Promise.all([north.stop(), south.stop()]);
  });

  it('the same fax id of both is two faxes, each with its own result, event and end', async () => {
    north.simulator.send(1, fateOf('sent', 0));
    south.simulator.send(1, fateOf('busy', 0));
    await ofNorth.track(1);
    expect((await ofNorth.wait(1)).state).toBe('sent');
    expect(await ofSouth.status(1)).toEqual({ kind: 'unknown' });
    expect(await ofSouth.cancel(1)).toBe(false);
    expect([await ofSouth.lastEventId(), south.requestsFor(1)]).toEqual(['0-0', 0]);
    await ofSouth.track(1);
    expect((await ofSouth.wait(1)).reason).toBe('busy');
    expect((await ofNorth.status(1)) as object).toMatchObject({ kind: 'done', result: { state: 'sent' } });
    for (const [client, state] of [
      [ofNorth, 'sent'],
      [ofSouth, 'failed'],
    ] as const)
      expect((await first(1, client.events({ since: '0' }))).map(({ data }) => data.state)).toEqual([state]);
    expect([north.events.length, south.events.length]).toEqual([1, 1]);
  });

  it('events of all accounts: as they come, and none of what is no account', async () => {
    const listener = new FaxStatusClient({ redis: redis.url });
    const all = first(3, listener.eventsOfAllAccounts());
    await north.untilAsync(async () => Number(await north.redis.pubsub('NUMPAT')) > 0 || undefined);
    await north.redis.publish('fax:completed', JSON.stringify(eventOf('none', 1)));
    await north.redis.publish('fax:other:north:completed', JSON.stringify(eventOf('none', 2)));
    north.simulator.send(3, fateOf('sent', 0));
    await ofNorth.track(3);
    await ofNorth.wait(3);
    await north.redis.publish('fax:north:completed', JSON.stringify(eventOf('north', 4)));
    await north.redis.publish('fax:south:completed', JSON.stringify(eventOf('south', 4)));
    expect((await all).map(({ id, account }) => [id, account])).toEqual([
      ['fax-3', undefined], // of a service that has the account's space, but is not told of accounts
      ['fax-4', 'north'],
      ['fax-4', 'south'],
    ]);
    const ended = first(1, ofSouth.eventsOfAllAccounts({ signal: AbortSignal.abort() }));
    expect(await ended).toEqual([]);
    const closing = first(1, listener.eventsOfAllAccounts());
    await listener.close();
    expect(await closing).toEqual([]);
  });

  it('events of all accounts go on when the connection was away', async () => {
    const connections: Redis[] = [];
    const listener = new FaxStatusClient({
      redis: () => {
        const connection = new Redis(redis.url, { retryStrategy: () => 1 });
        connections.push(connection);
        return connection;
      },
    });
    const all = first(1, listener.eventsOfAllAccounts());
    const listening = async (): Promise<true | undefined> =>
      Number(await north.redis.pubsub('NUMPAT')) > 0 || undefined;
    await north.untilAsync(listening);
    const back = new Promise((resolve) => connections.at(-1)?.once('ready', resolve));
    await north.redis.client('KILL', 'TYPE', 'PUBSUB');
    await back;
    await north.untilAsync(listening);
    await north.redis.publish('fax:north:completed', JSON.stringify(eventOf('north', 1)));
    expect((await all)[0]).toEqual(eventOf('north', 1));
    await listener.close();
  });

  it('events of an account say whose they are', async () => {
    const event = eventOf('north', 5);
    await north.redis.xadd('fax:north:events', '*', 'event', JSON.stringify(event));
    expect(await first(1, ofNorth.events({ since: '0' }))).toEqual([event]);
  });
});

(HAS_REDIS_SERVER ? describe : describe.skip)('on a cluster', () => {
  const cluster = useCluster();

  it('each account has the slot of its name, and one pattern hears of all', async () => {
    const connect = (): Cluster => new Cluster(cluster.ports.map((port) => ({ host: '127.0.0.1', port })));
    const redis = connect();
    const north = new FaxStatusClient({ redis: connect, account: 'north' });
    const south = new FaxStatusClient({ redis: connect, account: 'south' });
    const clients = [north, south];
    await Promise.all(clients.map(async (client) => client.track(1)));
    for (const account of ['north', 'south']) {
      expect(await redis.llen(`{bull.${account}}:fax-status.${account}:wait`)).toBe(1);
      const published = JSON.stringify(eventOf(account, 1));
      await redis.xadd(`{fax.${account}}:events`, '*', 'event', published);
    }
    const events = await Promise.all(clients.map(async (client) => first(1, client.events({ since: '0' }))));
    expect(events.flat().map(({ account }) => account)).toEqual(['north', 'south']);

    const heard = first(2, north.eventsOfAllAccounts());
    const listening = async (): Promise<boolean> =>
      (await Promise.all(redis.nodes('all').map(async (node) => node.pubsub('NUMPAT')))).some(Number);
    while (!(await listening())) await new Promise(setImmediate);
    for (const account of ['north', 'south'])
      await redis.publish(`{fax.${account}}:completed`, JSON.stringify(eventOf(account, 2)));
    expect((await heard).map(({ account }) => account).sort()).toEqual(['north', 'south']);
    await Promise.all(clients.map(async (client) => client.close()));
    redis.disconnect();
  }, 30_000);

  it('braces in a prefix are an error, and leave no connection behind', () => {
    const connection = new Cluster([{ host: '127.0.0.1', port: cluster.ports[0] ?? 0 }]);
    expect(() => new FaxStatusClient({ redis: () => connection, account: 'north', keyPrefix: '{fax}:' })).toThrow(
      /braces/,
    );
    expect(connection.status).toBe('disconnecting');
  });
});
