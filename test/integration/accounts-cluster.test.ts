import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Queue } from 'bullmq';
import { Cluster, Redis } from 'ioredis';
import { KeyedApi } from '../support/keyed-api.ts';
import { HAS_REDIS_SERVER } from '../support/redis-server.ts';
import { startCluster } from '../support/redis-topologies.ts';
import { CliProcess } from '../support/worker-process.ts';

// Three masters without replicas, and one of them dies for good.

const NAMES = Array.from({ length: 24 }, (_, i) => `clinic-${i}`);
const FAXES = 5;
const withServer = HAS_REDIS_SERVER ? describe : describe.skip;

withServer('accounts on a cluster', () => {
  let cluster: Awaited<ReturnType<typeof startCluster>>;
  let redis: Cluster;
  let api: KeyedApi;
  let worker: CliProcess;
  let dir: string;

  beforeAll(async () => {
    // Without this no master takes commands while the slots of one have none.
    cluster = await startCluster(0, ['--cluster-require-full-coverage', 'no']);
    const nodes = cluster.ports.map((port) => ({ host: '127.0.0.1', port }));
    redis = new Cluster(nodes, { redisOptions: { maxRetriesPerRequest: null } });
    redis.on('error', () => undefined);
    api = await KeyedApi.start();
    dir = mkdtempSync(join(tmpdir(), 'faxwatch-accounts-'));
    for (const name of NAMES) api.set(`key-of-${name}`, 'ok');
    const accounts = Object.fromEntries(NAMES.map((name) => [name, { FAX_API_KEY: `key-of-${name}` }]));
    writeFileSync(join(dir, 'accounts.json'), JSON.stringify(accounts));
    worker = new CliProcess(['worker'], {
      ACCOUNTS_FILE: join(dir, 'accounts.json'),
      FAX_API_BASE_URL: api.url,
      REDIS_CLUSTER_NODES: nodes.map(({ port }) => `127.0.0.1:${port}`).join(),
      RATE_LIMIT_MAX: '50',
      RATE_LIMIT_DURATION_MS: '1000',
      POLL_MIN_INTERVAL_MS: '50',
      POLL_MAX_INTERVAL_MS: '200',
      DASHBOARD_PORT: '0',
      SHUTDOWN_TIMEOUT_MS: '2000',
    });
  });
  afterAll(async () => {
    await worker.exit('SIGTERM');
    await api.stop();
    redis.disconnect();
    await cluster.stop();
    rmSync(dir, { recursive: true });
  });

  it('spread over the masters, and the death of one master holds up only those that it has', async () => {
    const masters = await mastersOf(cluster.ports[0] ?? 0);
    for (const port of cluster.ports) {
      expect(NAMES.filter((name) => masters.get(name)?.includes(port)).length).toBeGreaterThan(2);
    }
    const [asleep, ...awake] = NAMES.filter((name) => !masters.get(name)?.includes(cluster.ports[0] ?? 0));
    const hit = NAMES.filter((name) => masters.get(name)?.includes(cluster.ports[0] ?? 0));
    for (const name of [...awake, ...hit]) await enqueue(name, 'first');
    for (const name of [...awake, ...hit]) await until(async () => (await finished(name)) === FAXES);

    await cluster.killMasterOf(ownedBy(masters, cluster.ports[0] ?? 0));
    const diedAt = performance.now();
    for (const name of awake) await enqueue(name, 'later');
    await enqueue(asleep ?? '', 'later'); // which wakes for it
    for (const name of awake) await until(async () => (await finished(name)) === 2 * FAXES);
    await until(async () => (await finished(asleep ?? '')) === FAXES);
    expect(performance.now() - diedAt).toBeLessThan(10_000);
  }, 60_000);

  /** The ports of the masters of each account: that of its queue and that of its other keys. */
  async function mastersOf(port: number): Promise<ReadonlyMap<string, readonly number[]>> {
    const node = new Redis(port);
    const slots = await node.cluster('SLOTS');
    const masterOf = async (key: string): Promise<number> => {
      const slot = await node.cluster('KEYSLOT', key);
      return slots.find(([from, to]) => from <= slot && slot <= to)?.[2]?.[1] ?? 0;
    };
    const found = new Map<string, readonly number[]>();
    for (const name of NAMES) found.set(name, [await masterOf(queuePrefix(name)), await masterOf(keyPrefix(name))]);
    node.disconnect();
    return found;
  }

  function ownedBy(masters: ReadonlyMap<string, readonly number[]>, port: number): string {
    return queuePrefix(NAMES.find((name) => masters.get(name)?.[0] === port) ?? '');
  }

  async function enqueue(name: string, prefix: string): Promise<void> {
    const options = { connection: redis, prefix: queuePrefix(name), skipMetasUpdate: true };
    const queue = new Queue(`fax-status.${name}`, options);
    const jobs = Array.from({ length: FAXES }, (_, i) => ({ faxJobId: `${name}-${prefix}-${i}` }));
    await queue.addBulk(jobs.map((data) => ({ name: 'poll', data })));
    await queue.close();
  }

  async function finished(name: string): Promise<number> {
    return redis.xlen(`${keyPrefix(name)}events`);
  }
});

const queuePrefix = (name: string): string => `{bull.${name}}`;
const keyPrefix = (name: string): string => `{fax.${name}}:`;

/** Looks now and then. Jest's own time-out ends a vain wait. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}
