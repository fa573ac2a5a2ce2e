import type { Keys } from '../contract/keys.ts';
import type { Log } from '../log/log.ts';
import type { RedisClient } from './redis-client.ts';
import { loadScript, type Script } from './script.ts';
import { every } from '../timing/every.ts';
import { within } from '../timing/within.ts';

const CHECK_MS = 2_000;
const NO_ANSWER = 'no answer to a write';
const PATIENCE_MS = 2_000; // a client that is told READONLY connects again and again, and gives no answer

/**
 * Watches whether Redis would take a result now. Out of memory, read-only or without a permission it answers all that
 * health asks for, while no fax can be finished: so it is asked for just that.
 */
export class StorageWatch {
  readonly #redis: RedisClient;
  readonly #keys: Keys;
  readonly #log: Log;
  readonly #try: Script<string>;
  #warned = false;
  #checks: Disposable | undefined;

  constructor(redis: RedisClient, keys: Keys, log: Log) {
    this.#redis = redis;
    this.#keys = keys;
    this.#log = log;
    this.#try = loadScript(redis, new URL('./storage-try.lua', import.meta.url));
  }

  /** Looks now and from then on, and logs when results can no longer be stored, and when they can again. */
  start(): void {
    this.stop();
    const failed = (err: unknown): void => this.#log.debug({ err }, 'storage not checked');
    this.#checks = every(CHECK_MS, () => this.check(), failed);
    void this.check();
  }

  stop(): void {
    this.#checks?.[Symbol.dispose]();
  }

  /** Why results cannot be stored now, and what to do; undefined if they can. Never rejects, and answers within 3 s. */
  async check(): Promise<string | undefined> {
    const { status, events, writable, inFlight, completed, alerts } = this.#keys;
    const trial = this.#try([status('0'), events, writable, inFlight], [completed, alerts]).catch((error: unknown) =>
      String(error),
    );
    const reply = (await within(PATIENCE_MS, trial)) ?? NO_ANSWER;
    const problem = problemOf(reply);
    if (reply !== NO_ANSWER || (await this.#isThere())) this.#tell(problem); // that Redis is away is logged as such
    return problem;
  }

  async #isThere(): Promise<boolean> {
    return (
      (await within(
        PATIENCE_MS / 2,
        this.#redis.ping().catch(() => undefined),
      )) !== undefined
    );
  }

  #tell(problem: string | undefined): void {
    if (this.#warned === (problem !== undefined)) return;
    this.#warned = problem !== undefined;
    if (problem === undefined) this.#log.info('results can be stored again');
    else this.#log.warn({ reason: problem }, 'results cannot be stored');
  }
}

const PROBLEMS: readonly (readonly [pattern: RegExp, problem: string])[] = [
  [/\bOOM\b/, 'redis is out of memory (maxmemory): give it more, or delete what is not needed'],
  [/\bREADONLY\b|no answer to a write/, 'redis takes no writes: it is away or a replica, or a failover is under way'],
  [/\bMISCONF\b/, 'redis takes no writes as it cannot save to its disk (MISCONF): see its log'],
  [/\bNOREPLICAS\b/, 'redis takes no writes as it has too few replicas (min-replicas-to-write)'],
];

function problemOf(reply: string): string | undefined {
  if (reply === 'OK') return undefined;
  const refused = /NOPERM ([A-Z]+) (\S+)/.exec(reply);
  if (refused) {
    const [, command, key] = refused;
    const remedy = 'give it the commands, the keys and, for PUBLISH, the channels of this service (ACL SETUSER)';
    return `the user of redis may not ${command} ${key}: ${remedy}`;
  }
  const known = PROBLEMS.find(([pattern]) => pattern.test(reply));
  return known ? known[1] : `redis refuses what a result needs: ${reply.split('\n')[0]}`;
}
