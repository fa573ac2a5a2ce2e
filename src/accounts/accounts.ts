import type { Queue } from 'bullmq';
import { Account, type AccountParts } from '../account.ts';
import type { Log } from '../log/log.ts';
import type { RedisClient } from '../redis/redis-client.ts';
import type { Settings } from '../settings/table.ts';
import { every } from '../timing/every.ts';
import { ServedAccount } from './served-account.ts';

const LOOK_MS = 700; // so that an account polls within a second of its first job
const LOOKED_AT_TOGETHER = 100; // sleeping accounts in one command
const IN_FLIGHT_KEYS = ['wait', 'paused', 'prioritized', 'delayed', 'active'];

/** All accounts that a process serves: those of `ACCOUNTS_FILE`, or one without a name, which never sleeps. */
export class Accounts {
  readonly #parts: AccountParts;
  readonly #polls: boolean;
  readonly #patienceMs: number;
  readonly #gone: (name: string | undefined) => Promise<void>;
  readonly #served = new Map<string | undefined, ServedAccount>();
  readonly #ending = new Set<Promise<void>>();
  readonly #looking = new Set<ServedAccount>();
  #queues: readonly Queue[] = [];
  #looks: Disposable | undefined;

  /**
   * @param polls whether this process polls
   * @param patienceMs how long jobs under way have to finish when an account stops, ms
   * @param gone called when an account has stopped for good
   */
  constructor(
    parts: AccountParts,
    polls: boolean,
    patienceMs: number,
    gone: (name: string | undefined) => Promise<void> = () => Promise.resolve(),
  ) {
    this.#parts = parts;
    this.#polls = polls;
    this.#patienceMs = patienceMs;
    this.#gone = gone;
  }

  get all(): readonly Account[] {
    return [...this.#served.values()].map(({ account }) => account);
  }

  /** Those with something in flight, and the one without a name. */
  get awake(): readonly Account[] {
    return [...this.#served.values()]
      .filter(({ awake, account }) => awake || account.name === undefined)
      .map(({ account }) => account);
  }

  /** Of all accounts; another array whenever they change. */
  get queues(): readonly Queue[] {
    return this.#queues;
  }

  /**
   * Accounts come, go and change. One whose key alone is new goes on with it; one with other new settings is started
   * again, while the old one finishes what it has under way.
   */
  async serve(accounts: ReadonlyMap<string | undefined, Settings>): Promise<void> {
    const changes: Promise<unknown>[] = [];
    for (const [name, served] of this.#served) {
      const settings = accounts.get(name);
      if (settings && sameButKey(settings, served.account.settings)) {
        if (settings.FAX_API_KEY !== served.account.settings.FAX_API_KEY)
          changes.push(useKey(served, settings, this.#log));
        continue;
      }
      this.#served.delete(name);
      this.#end(served, !settings);
      this.#log.info({ account: name }, settings ? 'account: new settings' : 'account: no longer served');
    }
    for (const [name, settings] of accounts) {
      if (this.#served.has(name)) continue;
      const account = new Account(name, this.#parts, settings, this.#patienceMs);
      this.#served.set(name, new ServedAccount(account, this.#polls, this.#log));
    }
    this.#queues = this.all.map(({ queue }) => queue);
    await Promise.all(changes);
    if (this.#looks) await this.#wakeNameless();
  }

  /**
   * Starts the account without a name; looks which of the others have something in flight, from now on.
   *
   * @throws what the start of the account without a name throws
   */
  async start(): Promise<void> {
    await this.#wakeNameless();
    this.#looks?.[Symbol.dispose]();
    this.#looks = every(
      LOOK_MS,
      () => this.#look(),
      () => undefined,
    );
    this.#look();
  }

  /** Takes no new job, finishes those under way while there is time. */
  async stop(): Promise<void> {
    this.#looks?.[Symbol.dispose]();
    await Promise.all([...[...this.#served.values()].map((served) => served.end()), ...this.#ending]);
  }

  /** Lets go of the queues; to be called once nothing uses them. */
  async close(): Promise<void> {
    await Promise.all(this.all.map((account) => account.close()));
  }

  get #log(): Log {
    return this.#parts.log;
  }

  async #wakeNameless(): Promise<void> {
    await this.#served.get(undefined)?.wake();
  }

  /**
   * Asks for all in one turn of the event loop, so in one round trip (to each node of a cluster). None is waited for:
   * an account whose master is away holds up no other. Where keys need not share a slot, one command asks for many
   * accounts that sleep; only if one of them has woken is each asked for.
   */
  #look(): void {
    const now = performance.now();
    const due = [...this.#served.values()].filter(
      (served) => served.account.name !== undefined && !this.#looking.has(served) && served.isDue(now),
    );
    const suits = ({ awake }: ServedAccount): boolean => !awake && !this.#parts.redis.isCluster;
    const together = due.filter(suits);
    for (let at = 0; at < together.length; at += LOOKED_AT_TOGETHER)
      void this.#lookAt(together.slice(at, at + LOOKED_AT_TOGETHER));
    for (const served of due) if (!suits(served)) void this.#lookAt([served]);
  }

  async #lookAt(some: readonly ServedAccount[]): Promise<void> {
    for (const served of some) this.#looking.add(served);
    const queues = some.map(({ account }) => account.queue);
    try {
      const busy = await anyInFlight(this.#parts.redis, queues);
      if (!busy || some.length === 1) {
        for (const served of some) served.seen(busy, performance.now());
        return;
      }
    } catch (err) {
      if (some.length === 1) {
        this.#log.debug({ err, account: some[0]?.account.name }, 'account not looked at');
        return;
      }
    } finally {
      for (const served of some) this.#looking.delete(served);
    }
    for (const served of some) void this.#lookAt([served]); // one has woken, or Redis refuses to look at one
  }

  #end(served: ServedAccount, forGood: boolean): void {
    const { account } = served;
    const ending = served
      .end()
      .then(() => account.close())
      .then(() => (forGood && !this.#served.has(account.name) ? this.#gone(account.name) : undefined))
      .catch((err: unknown) => this.#log.debug({ err, account: account.name }, 'account not stopped properly'))
      .finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }
}

// A worker takes a queue's marker with its last job, so jobs that are delayed alone leave none: these keys tell.
async function anyInFlight(redis: RedisClient, queues: readonly Queue[]): Promise<boolean> {
  return (await redis.exists(...queues.flatMap((queue) => IN_FLIGHT_KEYS.map((key) => queue.toKey(key))))) > 0;
}

async function useKey({ account }: ServedAccount, { FAX_API_KEY }: Settings, log: Log): Promise<void> {
  log.info({ account: account.name }, 'another key: used from the next request on');
  await account
    .useKey(FAX_API_KEY)
    .catch((err: unknown) =>
      log.warn({ err, account: account.name }, 'brake not released: it tries the new key itself'),
    );
}

const sameButKey = (a: Settings, b: Settings): boolean =>
  JSON.stringify({ ...a, FAX_API_KEY: '' }) === JSON.stringify({ ...b, FAX_API_KEY: '' });
