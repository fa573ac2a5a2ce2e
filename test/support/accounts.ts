import { randomUUID } from 'node:crypto';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import type { AlertEvent } from '../../src/contract/alert.ts';
import type { FaxCompletedEvent } from '../../src/contract/event.ts';
import { loadRules } from '../../src/fax-api/classification-rules.ts';
import { startService, type Roles, type Service } from '../../src/main.ts';
import { loadSettings } from '../../src/settings/load.ts';
import { listeningLog } from './log.ts';

type Accounts = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** A service with accounts in this process, a file of theirs, and the eyes of a subscriber to all of them. */
export class AccountsHarness {
  readonly events: FaxCompletedEvent[] = [];
  readonly alerts: AlertEvent[] = [];
  readonly log = listeningLog('info');
  readonly hidden: string[] = [];
  readonly redis: Redis;
  readonly name = `fax-${randomUUID().slice(0, 8)}`;
  readonly #subscriber: Redis;
  readonly #queues = new Map<string, Queue>();
  readonly #env: Record<string, string>;
  #dir = '';
  #service: Service | undefined;

  constructor(redisUrl: string, env: Record<string, string>) {
    this.redis = new Redis(redisUrl);
    this.#subscriber = new Redis(redisUrl);
    this.#env = {
      REDIS_URL: redisUrl,
      QUEUE_NAME: this.name,
      KEY_PREFIX: `${this.name}:`,
      RATE_LIMIT_MAX: '200',
      RATE_LIMIT_DURATION_MS: '1000',
      POLL_MIN_INTERVAL_MS: '50',
      POLL_MAX_INTERVAL_MS: '200',
      DASHBOARD_PORT: '0',
      SHUTDOWN_TIMEOUT_MS: '2000',
      ...env,
    };
  }

  async start(accounts: Accounts, roles: Roles = { worker: true, board: false }): Promise<void> {
    this.#dir = await mkdtemp(join(tmpdir(), 'faxwatch-accounts-'));
    await this.write(accounts);
    this.#subscriber.on('pmessage', (_pattern: string, channel: string, message: string) => {
      if (channel.endsWith(':completed')) this.events.push(JSON.parse(message) as FaxCompletedEvent);
      else this.alerts.push(JSON.parse(message) as AlertEvent);
    });
    await this.#subscriber.psubscribe(`${this.name}:*:completed`, `${this.name}:*:alerts`);
    const settings = loadSettings({ ...this.#env, ACCOUNTS_FILE: this.#file }, true);
    const hide = (secrets: readonly string[]): void => void this.hidden.push(...secrets);
    this.#service = await startService(settings, loadRules(null), roles, this.log.log, hide);
  }

  get address(): string {
    return this.#service?.address ?? '';
  }

  /** Puts other accounts, or any text, in place of the file. */
  async write(content: Accounts | string): Promise<void> {
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    await writeFile(`${this.#file}.new`, text);
    await rename(`${this.#file}.new`, this.#file);
  }

  /** As SIGHUP does. */
  async readKeys(): Promise<void> {
    await this.#service?.readKeys();
  }

  queue(account: string): Queue {
    const name = `${this.name}.${account}`;
    const queue = this.#queues.get(account) ?? new Queue(name, { connection: this.redis, skipMetasUpdate: true });
    this.#queues.set(account, queue);
    return queue;
  }

  async enqueue(account: string, ...ids: number[]): Promise<void> {
    await this.queue(account).addBulk(ids.map((faxJobId) => ({ name: 'poll', data: { faxJobId } })));
  }

  /** The events of an account, once there are so many. */
  async eventsOf(account: string, count: number): Promise<FaxCompletedEvent[]> {
    return this.until(() => {
      const events = this.events.filter((event) => event.account === account);
      return events.length >= count ? events : undefined;
    });
  }

  /** Looks now and then until there is a value. Jest's own time-out ends a vain wait. */
  async until<T>(look: () => T | undefined | Promise<T | undefined>): Promise<T> {
    for (;;) {
      const value = await look();
      if (value !== undefined) return value;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async stop(): Promise<void> {
    await this.#service?.close();
    for (const queue of this.#queues.values()) await queue.close();
    this.redis.disconnect();
    this.#subscriber.disconnect();
    await rm(this.#dir, { recursive: true, force: true });
  }

  get #file(): string {
    return join(this.#dir, 'accounts.json');
  }
}
