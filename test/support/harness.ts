import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Queue, type JobsOptions } from 'bullmq';
import { Redis, type Cluster } from 'ioredis';
import type { AlertEvent } from '../../src/contract/alert.ts';
import { loadSettings } from '../../src/settings/load.ts';
import type { Settings } from '../../src/settings/table.ts';
import { loadRules } from '../../src/fax-api/classification-rules.ts';
import { startService, type Roles, type Service } from '../../src/main.ts';
import type { FaxCompletedEvent } from '../../src/contract/event.ts';
import { Simulator, type SimulatorOptions } from '../../src/simulator/simulator.ts';
import { silentLog } from './log.ts';
import { workerEnv } from './worker-env.ts';

export const TEST_KEY = 'k3y/with+odd=chars';

export type HarnessOptions = {
  readonly redisUrl: string;
  /** How to get to a Redis that has more than a URL: a cluster, or sentinels. */
  readonly connect?: () => Redis | Cluster;
  readonly env?: Record<string, string>;
  readonly simulator?: SimulatorOptions;
  readonly roles?: Roles;
  /** Its name, in a service that has it alone; left out: a service without accounts. */
  readonly account?: string;
};

/**
 * The whole service in this process, against the stand-in API and a real Redis, with a queue name and a key prefix of
 * its own, and the eyes of a subscriber that is none of the project's code.
 */
export class Harness {
  readonly simulator: Simulator;
  readonly redis: Redis | Cluster;
  readonly queue: Queue;
  /** What is polled: the service without accounts, or its account. */
  readonly settings: Settings;
  readonly env: Record<string, string>;
  readonly events: FaxCompletedEvent[] = [];
  readonly alerts: AlertEvent[] = [];
  readonly #subscriber: Redis | Cluster;
  readonly #producer: Redis | Cluster;
  readonly #accountsDir: string | undefined;
  #service: Service | undefined;

  private constructor(simulator: Simulator, options: HarnessOptions) {
    this.env = workerEnv({
      apiKey: TEST_KEY,
      apiUrl: simulator.url,
      redisUrl: options.redisUrl,
      name: `fax-${randomUUID().slice(0, 8)}`,
      perSecond: 400,
      env: { POLL_MIN_INTERVAL_MS: '50', POLL_MAX_INTERVAL_MS: '200', LOG_LEVEL: 'silent', ...options.env },
    });
    if (options.account !== undefined) {
      this.#accountsDir = mkdtempSync(join(tmpdir(), 'faxwatch-account-'));
      this.env = { ...this.env, FAX_API_KEY: '', ACCOUNTS_FILE: join(this.#accountsDir, 'accounts.json') };
      writeFileSync(this.env['ACCOUNTS_FILE'] ?? '', JSON.stringify({ [options.account]: { FAX_API_KEY: TEST_KEY } }));
    }
    this.simulator = simulator;
    const whole = loadSettings(this.env, true);
    this.settings = options.account === undefined ? whole : { ...whole, ...spaceOfAccount(whole, options.account) };
    const connect = options.connect ?? (() => new Redis(options.redisUrl, { maxRetriesPerRequest: null }));
    [this.redis, this.#subscriber, this.#producer] = [connect(), connect(), connect()];
    for (const redis of [this.redis, this.#subscriber, this.#producer]) redis.on('error', () => undefined); // away for a while, in tests of that
    this.queue = new Queue(this.settings.QUEUE_NAME, {
      connection: this.#producer,
      prefix: this.settings.QUEUE_PREFIX,
    });
    this.queue.on('error', () => undefined);
  }

  /** Starts a worker without HTTP, or the roles given; nothing with `run: false`. */
  static async start(options: HarnessOptions & { readonly run?: boolean }): Promise<Harness> {
    const simulator = await Simulator.start({ apiKey: TEST_KEY, keepLog: true, ...options.simulator });
    const harness = new Harness(simulator, options);
    await harness.#subscribe();
    if (options.run !== false) await harness.run(options.roles);
    return harness;
  }

  async run(roles: Roles = { worker: true, board: false }): Promise<Service> {
    const settings = loadSettings(this.env, true);
    this.#service = await startService(settings, loadRules(settings.CLASSIFICATION_FILE), roles, silentLog);
    return this.#service;
  }

  /** Ends the service. */
  async close(): Promise<void> {
    await this.#service?.close();
    this.#service = undefined;
  }

  /** Ends the service and starts it again. */
  async restart(): Promise<void> {
    await this.close();
    await this.run();
  }

  /** Enqueues as any BullMQ client would. */
  async enqueue(faxJobId: unknown, more: { data?: object; opts?: JobsOptions; name?: string } = {}): Promise<string> {
    const job = await this.queue.add(more.name ?? 'poll', { faxJobId, ...more.data }, more.opts);
    return job.id ?? '';
  }

  /** The event of a fax, once it is published. */
  async event(faxJobId: number | string): Promise<FaxCompletedEvent> {
    return this.until(() => this.events.find(({ subject }) => subject === String(faxJobId)));
  }

  async alert(type: AlertEvent['type']): Promise<AlertEvent> {
    return this.until(() => this.alerts.find((alert) => alert.type === type));
  }

  /** The stored result of a fax. */
  async result(faxJobId: number | string): Promise<Record<string, string>> {
    return this.redis.hgetall(`${this.settings.KEY_PREFIX}status:${faxJobId}`);
  }

  /** What the stream holds of a fax. */
  async streamEntries(faxJobId: number | string): Promise<FaxCompletedEvent[]> {
    const entries = await this.redis.xrange(`${this.settings.KEY_PREFIX}events`, '-', '+');
    const events = entries.map(([, fields]) => JSON.parse(fields[1] ?? '') as FaxCompletedEvent);
    return events.filter(({ subject }) => subject === String(faxJobId));
  }

  /** The job once it is in a state. */
  async job(id: string, state: 'completed' | 'failed' | 'delayed') {
    return this.untilAsync(async () =>
      (await this.queue.getJobState(id)) === state ? this.queue.getJob(id) : undefined,
    );
  }

  requestsFor(faxJobId: number | string): number {
    return this.simulator.log.filter(({ faxId }) => faxId === String(faxJobId)).length;
  }

  /**
   * Looks again at each publication, and now and then, until there is a value. Jest's own time-out ends a vain wait.
   */
  async until<T>(look: () => T | undefined): Promise<T> {
    return this.untilAsync(() => Promise.resolve(look()));
  }

  async untilAsync<T>(look: () => Promise<T | undefined>): Promise<T> {
    for (;;) {
      const value = await look();
      if (value !== undefined) return value;
      await new Promise<void>((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          this.#subscriber.off('message', done);
          resolve();
        };
        const timer = setTimeout(done, 20);
        this.#subscriber.on('message', done);
      });
    }
  }

  async stop(): Promise<void> {
    await this.close();
    await this.queue.close();
    for (const redis of [this.redis, this.#producer, this.#subscriber]) redis.disconnect();
    await this.simulator.stop();
    if (this.#accountsDir !== undefined) rmSync(this.#accountsDir, { recursive: true });
  }

  async #subscribe(): Promise<void> {
    const { KEY_PREFIX } = this.settings;
    this.#subscriber.on('message', (channel: string, message: string) => {
      if (channel === `${KEY_PREFIX}completed`) this.events.push(JSON.parse(message) as FaxCompletedEvent);
      else this.alerts.push(JSON.parse(message) as AlertEvent);
    });
    await this.#subscriber.subscribe(`${KEY_PREFIX}completed`, `${KEY_PREFIX}alerts`);
  }
}

/** Where an account is, by the contract: written once more here, so that a wrong one in the service shows. */
function spaceOfAccount({ QUEUE_NAME, QUEUE_PREFIX, KEY_PREFIX, REDIS_CLUSTER_NODES }: Settings, account: string) {
  return {
    QUEUE_NAME: `${QUEUE_NAME}.${account}`,
    ...(REDIS_CLUSTER_NODES
      ? { QUEUE_PREFIX: `{${QUEUE_PREFIX}.${account}}`, KEY_PREFIX: `{${KEY_PREFIX.slice(0, -1)}.${account}}:` }
      : { KEY_PREFIX: `${KEY_PREFIX}${account}:` }),
  };
}

/** The most requests in any window of so many ms. */
export function mostIn(windowMs: number, log: readonly { readonly at: number }[]): number {
  return Math.max(0, ...log.map(({ at }) => log.filter((other) => other.at >= at && other.at < at + windowMs).length));
}
