import { afterEach, describe, expect, it } from '@jest/globals';
import { Cluster, Redis } from 'ioredis';
import { end, HAS_REDIS_SERVER } from '../support/redis-server.ts';
import { startCluster, startSentinels, type Topology } from '../support/redis-topologies.ts';
import { FaultyFleet, NO_LOSSES } from './fleet.ts';

// The same faults and the same count as on a standalone Redis (workers.test.ts), while a part of Redis dies.

const FAXES = 60;
const NO_URL = 'redis://127.0.0.1:1'; // its user, password and TLS are what counts here
const LOCKS = { LOCK_DURATION_MS: '2000', STALLED_INTERVAL_MS: '1000' };
const withServer = HAS_REDIS_SERVER ? describe : describe.skip;

let fleet: FaultyFleet;
let topology: Topology;
afterEach(async () => {
  await fleet.stop();
  await topology.stop();
});

/** Replication is asynchronous: what the replica has not seen is lost with its master. */
const replicated = async (redis: Redis): Promise<void> => {
  await redis.wait(1, 1_000);
};

withServer('other forms of Redis', () => {
  it('a cluster of three masters, and the one with the queue dies: its replica takes over', async () => {
    const cluster = await startCluster(1, ['--cluster-node-timeout', '1000']);
    topology = cluster;
    const nodes = cluster.ports.map((port) => ({ host: '127.0.0.1', port }));
    fleet = await FaultyFleet.start({
      redisUrl: NO_URL,
      connect: () =>
        new Cluster(nodes, { redisOptions: { maxRetriesPerRequest: null }, clusterRetryStrategy: () => 100 }),
      workers: 2,
      env: {
        ...LOCKS,
        REDIS_CLUSTER_NODES: nodes.map(({ port }) => `127.0.0.1:${port}`).join(','),
        QUEUE_PREFIX: '{bull}',
        KEY_PREFIX: '{fax}:',
      },
    });
    await fleet.send(FAXES, 6_000);
    await fleet.kill();
    await Promise.all((fleet.harness.redis as Cluster).nodes('master').map(replicated));
    await cluster.killMasterOf('{bull}');
    // The subscriber may be on the node that dies.
    expect(await fleet.losses('a master of a cluster and a worker killed', 1, 1)).toEqual(NO_LOSSES);
  }, 90_000);

  it('sentinels: the master dies, and the faxes go on with the replica', async () => {
    const sentinels = await startSentinels();
    topology = sentinels;
    const nodes = sentinels.ports.map((port) => ({ host: '127.0.0.1', port }));
    fleet = await FaultyFleet.start({
      redisUrl: NO_URL,
      connect: () =>
        new Redis({
          sentinels: nodes,
          name: 'main',
          maxRetriesPerRequest: null,
          reconnectOnError: ({ message }) => (message.includes('READONLY') ? 2 : false),
        }),
      workers: 2,
      env: {
        ...LOCKS,
        REDIS_SENTINELS: nodes.map(({ port }) => `127.0.0.1:${port}`).join(','),
        REDIS_SENTINEL_NAME: 'main',
      },
    });
    await fleet.send(FAXES, 6_000);
    await fleet.kill();
    await replicated(fleet.harness.redis as Redis);
    await end(sentinels.master);
    expect(await fleet.losses('failover by sentinels, and a worker killed', 1, 1)).toEqual(NO_LOSSES);
  }, 90_000);
});
