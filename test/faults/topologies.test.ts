import { afterEach, describe, expect, it } from '@jest/globals';
import { Queue } from 'bullmq';
import { Cluster, Redis } from 'ioredis';
import type { FaxCompletedEvent } from '../../src/results/event.ts';
import { fateOf } from '../../src/simulator/fate.ts';
import { Simulator } from '../../src/simulator/simulator.ts';
import { end, HAS_REDIS_SERVER } from '../support/redis-server.ts';
import { startCluster, startSentinels, type Topology } from '../support/redis-topologies.ts';
import { CliProcess } from '../support/worker-process.ts';

// The same job as on a standalone Redis: queue in, one result, one entry and one event out.

const FAXES = 60;
const withServer = HAS_REDIS_SERVER ? describe : describe.skip;
let stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.reverse()) await stop();
  stops = [];
});

/** Has faxes watched by two worker processes, disturbs them, and checks what came out. */
async function watchFaxes(client: Redis | Cluster, subscriber: Redis | Cluster, settings: Record<string, string>, disturb: () => Promise<void>): Promise<void> {
  const simulator = await Simulator.start({ apiKey: 'some-key', keepLog: true });
  const prefix = settings['KEY_PREFIX'] ?? 'fax:';
  const events: FaxCompletedEvent[] = [];
  subscriber.on('message', (_channel: string, message: string) => events.push(JSON.parse(message) as FaxCompletedEvent));
  await subscriber.subscribe(`${prefix}completed`);
  const env = { FAX_API_KEY: 'some-key', FAX_API_BASE_URL: simulator.url, RATE_LIMIT_MAX: '100', RATE_LIMIT_DURATION_MS: '1000', POLL_MIN_INTERVAL_MS: '200', POLL_MAX_INTERVAL_MS: '1000', DASHBOARD_PORT: '0', LOCK_DURATION_MS: '2000', STALLED_INTERVAL_MS: '1000', ...settings };
  const workers = [new CliProcess(['worker'], env), new CliProcess(['worker'], env)];
  const queue = new Queue('fax-status', { connection: client, prefix: settings['QUEUE_PREFIX'] ?? 'bull' });
  queue.on('error', () => undefined);
  stops.push(() => simulator.stop(), () => queue.close(), () => Promise.all(workers.map((worker) => worker.exit('SIGTERM'))));
  for (let id = 1; id <= FAXES; id += 1) {
    simulator.send(id, fateOf('sent', 100 * id));
    await queue.add('poll', { faxJobId: id });
  }
  await disturb();
  while (events.length < FAXES && (await client.xlen(`${prefix}events`).catch(() => 0)) < FAXES) await new Promise((resolve) => setTimeout(resolve, 100));
  for (let id = 1; id <= FAXES; id += 1) expect(await client.hget(`${prefix}status:${id}`, 'state')).toBe('sent');
  const subjects = (await client.xrange(`${prefix}events`, '-', '+')).map(([, fields]) => (JSON.parse(fields[1] ?? '') as FaxCompletedEvent).subject);
  expect(new Set(subjects).size).toBe(FAXES);
  expect(subjects).toHaveLength(FAXES);
  expect(await queue.getFailedCount()).toBe(0);
}

withServer('other forms of Redis', () => {
  it('a cluster: all keys of a step share a slot', async () => {
    const cluster: Topology = await startCluster();
    const nodes = cluster.ports.map((port) => ({ host: '127.0.0.1', port }));
    const [client, subscriber] = [new Cluster(nodes), new Cluster(nodes)];
    stops.push(() => cluster.stop(), () => [client, subscriber].forEach((redis) => redis.disconnect()));
    const settings = { REDIS_CLUSTER_NODES: nodes.map(({ port }) => `127.0.0.1:${port}`).join(','), QUEUE_PREFIX: '{bull}', KEY_PREFIX: '{fax}:' };
    await watchFaxes(client, subscriber, settings, () => Promise.resolve());
  }, 60_000);

  it('sentinels: the master dies, and the faxes go on with the replica', async () => {
    const topology = await startSentinels();
    const sentinels = topology.ports.map((port) => ({ host: '127.0.0.1', port }));
    const connect = (): Redis => {
      const redis = new Redis({ sentinels, name: 'main', maxRetriesPerRequest: null, reconnectOnError: (error) => (error.message.startsWith('READONLY') ? 2 : false) });
      redis.on('error', () => undefined);
      return redis;
    };
    const [client, subscriber] = [connect(), connect()];
    stops.push(() => topology.stop(), () => [client, subscriber].forEach((redis) => redis.disconnect()));
    const settings = { REDIS_SENTINELS: sentinels.map(({ port }) => `127.0.0.1:${port}`).join(','), REDIS_SENTINEL_NAME: 'main' };
    await watchFaxes(client, subscriber, settings, async () => {
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      await client.wait(1, 1_000); // replication is asynchronous: what the replica has not seen is lost with the master
      await end(topology.master);
    });
  }, 90_000);
});
