import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { end, startTestRedis, type TestRedis } from '../../support/redis-server.ts';
import { workerEnv } from '../../support/worker-env.ts';

export const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
export const FAXWATCH = [file('../../../src/cli.ts'), 'worker'] as const;

/**
 * A Redis and an API of their own for one measurement, with no rate limit in the way, and processes that work on them.
 */
export class Stage {
  readonly redis: Redis;
  readonly subscriber: Redis;
  readonly #server: TestRedis;
  readonly #api: ChildProcess;
  readonly #told: AsyncIterator<string>;
  readonly #env: Record<string, string>;
  readonly #workers: ChildProcess[] = [];

  private constructor(server: TestRedis, api: ChildProcess, told: AsyncIterator<string>, env: Record<string, string>) {
    [this.#server, this.#api, this.#told, this.#env] = [server, api, told, env];
    this.redis = new Redis(server.url, { maxRetriesPerRequest: null });
    this.subscriber = this.redis.duplicate();
  }

  /** @param polls each fax takes */
  static async start(faxes: number, polls: number): Promise<Stage> {
    const server = await startTestRedis();
    const env = { PATH: process.env['PATH'] ?? '', FINAL_AT: String(polls), FAXES: String(faxes) };
    const api = spawn(process.execPath, [file('./api.ts')], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    const told = createInterface({ input: api.stdout })[Symbol.asyncIterator]();
    const { value: url } = await told.next();
    return new Stage(server, api, told, {
      ...env,
      ...workerEnv({ apiKey: 'bench', apiUrl: String(url), redisUrl: server.url, name: 'bench', perSecond: 1_000_000 }),
      RATE_LIMIT_HEADROOM: '0',
      POLL_MIN_INTERVAL_MS: '1',
      WORKER_CONCURRENCY: '50',
    });
  }

  get url(): string {
    return this.#server.url;
  }

  /** What the API tells next, see api.ts. */
  async told(): Promise<number> {
    return Number((await this.#told.next()).value);
  }

  async enqueue(ids: Iterable<number>, opts: { delay?: number } = {}): Promise<void> {
    const queue = new Queue('bench', { connection: this.redis });
    const batch = [];
    for (const faxJobId of ids) {
      batch.push({ name: 'poll', data: { faxJobId }, opts });
      if (batch.length === 1_000) await queue.addBulk(batch.splice(0));
    }
    await queue.addBulk(batch);
    await queue.close();
  }

  work(args: readonly string[] = FAXWATCH, env: Record<string, string> = {}): ChildProcess {
    const worker = spawn(process.execPath, [...args], {
      env: { ...this.#env, ...env },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    this.#workers.push(worker);
    return worker;
  }

  /** Calls back at each fax that ends. */
  async onEvent(ended: (message: string) => void): Promise<void> {
    this.subscriber.on('message', (_channel: string, message: string) => ended(message));
    await this.subscriber.subscribe('bench:completed');
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#workers, this.#api].map((child) => end(child)));
    this.subscriber.disconnect();
    this.redis.disconnect();
    await this.#server.stop();
  }
}

export const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);
