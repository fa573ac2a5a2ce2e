import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { startEmbedded } from '../../src/redis/embedded.ts';
import { silentLog } from './log.ts';

/**
 * Whether this machine has a redis-server. Without one, tests run on the embedded Redis, and those that need more say
 * that they are left out.
 */
export const HAS_REDIS_SERVER = spawnSync('redis-server', ['--version']).status === 0;

export type TestRedis = {
  readonly url: string;
  /**
   * Ends the server at once, as a crash would, and starts it again on what it has on disk. Not with the embedded one.
   */
  crash(): Promise<void>;
  stop(): Promise<void>;
};

/** A Redis of the test's own, on a free port, empty, and gone when stopped. */
export async function startTestRedis(args: readonly string[] = []): Promise<TestRedis> {
  if (!HAS_REDIS_SERVER) {
    const embedded = await startEmbedded(silentLog);
    return {
      url: embedded.url,
      crash: () => Promise.reject(new Error('the embedded Redis has nothing on disk')),
      stop: () => embedded.close(),
    };
  }
  const dir = await mkdtemp(join(tmpdir(), 'faxwatch-redis-'));
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  const start = async (): Promise<ChildProcess> => {
    const started = spawn(
      'redis-server',
      ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', '', ...args],
      { stdio: 'ignore' },
    );
    await answering(url);
    return started;
  };
  let server = await start();
  return {
    url,
    async crash() {
      await end(server);
      server = await start();
    },
    async stop() {
      await end(server);
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Waits until Redis takes commands. */
async function answering(url: string): Promise<void> {
  const redis = new Redis(url, { maxRetriesPerRequest: null, retryStrategy: () => 20 });
  redis.on('error', () => undefined);
  await redis.ping();
  redis.disconnect();
}

export async function end(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }
  return child.exitCode;
}

const BELOW_EPHEMERAL = { least: 10_000, most: 32_000 } as const;

/**
 * A free port, outside the range from which the kernel gives ports to whoever asks for any: so nobody has it by the time
 * that it is used, or between two uses.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(BELOW_EPHEMERAL.least, BELOW_EPHEMERAL.most);
    if (await isFree(port)) return port;
  }
}

/** Whether nobody listens on a port, on any address. */
export async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const free = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, () => resolve(true));
  });
  if (!free) return false;
  server.close();
  await once(server, 'close');
  return true;
}
