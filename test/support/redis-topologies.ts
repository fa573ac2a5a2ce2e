import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { end, freePort, isFree } from './redis-server.ts';

/** Several redis processes that belong together. */
export type Topology = {
  readonly ports: readonly number[];
  readonly processes: readonly ChildProcess[];
  stop(): Promise<void>;
};

type ClusterTopology = Topology & {
  /** Ends the master that has a key. @returns its port */
  killMasterOf(key: string): Promise<number>;
};

/**
 * A Redis Cluster of three masters, each with some replicas.
 *
 * @param args more for each server
 */
export async function startCluster(replicas: 0 | 1 = 1, args: readonly string[] = []): Promise<ClusterTopology> {
  const dir = mkdtempSync(join(tmpdir(), 'faxwatch-cluster-'));
  const ports: number[] = [];
  while (ports.length < 3 * (1 + replicas)) ports.push(await clusterPort());
  const common = ['--cluster-enabled', 'yes', '--save', '', '--appendonly', 'no'];
  const processes = ports.map((port) =>
    server('redis-server', dir, [
      '--port',
      String(port),
      '--cluster-config-file',
      `nodes-${port}.conf`,
      ...common,
      ...args,
    ]),
  );
  await Promise.all(ports.map(answering));
  const nodes = ports.map((port) => `127.0.0.1:${port}`);
  execFileSync(
    'redis-cli',
    ['--cluster', 'create', ...nodes, '--cluster-replicas', String(replicas), '--cluster-yes'],
    { stdio: 'ignore' },
  );
  for (const port of ports)
    await until(
      port,
      async (redis) =>
        (await redis.cluster('INFO')).includes('cluster_state:ok') && (await nodesShownBy(redis)).size === ports.length,
    );
  for (const port of replicas > 0 ? ports : [])
    await until(port, async (redis) =>
      /role:master[^]*connected_slaves:1|master_link_status:up/.test(await redis.info('replication')),
    );
  return {
    ...topology(dir, ports, processes),
    async killMasterOf(key) {
      const redis = new Redis(ports[0] ?? 0);
      const slot = await redis.cluster('KEYSLOT', key);
      const slots = await redis.cluster('SLOTS');
      redis.disconnect();
      const master = slots.find(([from, to]) => from <= slot && slot <= to)?.[2]?.[1] ?? 0;
      await end(processes[ports.indexOf(master)] as ChildProcess);
      return master;
    },
  };
}

/** The ports that a cluster node shows to clients: replicas are among them only once it has heard their offset. */
const nodesShownBy = async (redis: Redis): Promise<Set<number>> =>
  new Set((await redis.cluster('SLOTS')).flatMap(([, , ...nodes]) => nodes.map(([, port]) => port)));

/** A cluster node talks to the others on its port plus 10,000. */
async function clusterPort(): Promise<number> {
  for (;;) {
    const port = await freePort();
    if (port + 10_000 < 65_536 && (await isFree(port + 10_000))) return port;
  }
}

/** A master, a replica, and three sentinels that call the master `main`. `ports` are those of the sentinels. */
export async function startSentinels(): Promise<Topology & { readonly master: ChildProcess }> {
  const dir = mkdtempSync(join(tmpdir(), 'faxwatch-sentinel-'));
  const [masterPort, replicaPort] = [await freePort(), await freePort()];
  const common = ['--save', '', '--appendonly', 'no'];
  const master = server('redis-server', dir, ['--port', String(masterPort), ...common]);
  const replica = server('redis-server', dir, [
    '--port',
    String(replicaPort),
    '--replicaof',
    '127.0.0.1',
    String(masterPort),
    ...common,
  ]);
  await Promise.all([masterPort, replicaPort].map(answering));
  await until(replicaPort, async (redis) => (await redis.info('replication')).includes('master_link_status:up'));
  const ports = [await freePort(), await freePort(), await freePort()];
  const sentinels = ports.map((port) => {
    const file = join(dir, `sentinel-${port}.conf`);
    writeFileSync(
      file,
      `port ${port}\nsentinel monitor main 127.0.0.1 ${masterPort} 2\nsentinel down-after-milliseconds main 1000\nsentinel failover-timeout main 5000\n`,
    );
    return server('redis-server', dir, [file, '--sentinel']);
  });
  await Promise.all(ports.map(answering));
  for (const port of ports)
    await until(port, async (redis) => /slaves=1,sentinels=3/.test(await redis.info('sentinel')));
  return { ...topology(dir, ports, [master, replica, ...sentinels]), master };
}

const server = (command: string, cwd: string, args: readonly string[]): ChildProcess =>
  spawn(command, [...args], { cwd, stdio: 'ignore' });

function topology(dir: string, ports: readonly number[], processes: readonly ChildProcess[]): Topology {
  return {
    ports,
    processes,
    async stop() {
      await Promise.all(processes.map((process) => end(process)));
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

const answering = (port: number): Promise<void> => until(port, async (redis) => (await redis.ping()).length > 0);

/** Asks a server until it says what is waited for. */
async function until(port: number, holds: (redis: Redis) => Promise<boolean>): Promise<void> {
  const redis = new Redis(port, { maxRetriesPerRequest: null, retryStrategy: () => 20 });
  redis.on('error', () => undefined);
  while (!(await holds(redis).catch(() => false))) await new Promise((resolve) => setTimeout(resolve, 50));
  redis.disconnect();
}
