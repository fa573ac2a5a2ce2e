import { randomUUID } from 'node:crypto';
import type { Keys } from '../contract/keys.ts';
import type { RedisClient } from '../redis/redis-client.ts';
import { loadScript, type Script } from '../redis/script.ts';
import { every } from '../timing/every.ts';

const LEAD_MS = 5_000; // another takes over so soon if this worker dies
const RENEW_MS = 1_000; // while a request is under way
const WORTH_KEPT_MS = 3_000; // the slots of a sweeper that died go to polls after so long

/** What a worker learns when it asks for the lead. */
export type Lead = {
  /** The time of Redis, ms since 1970. */
  readonly now: number;
  /** Whether this worker is the one that sweeps. */
  readonly leads: boolean;
  /** How many faxes are in flight. */
  readonly inFlight: number;
  readonly braked: boolean;
  /** How many faxes have a hint and are not polled yet. */
  readonly hinted: number;
};

type LeadReply = [now: number, leads: number, inFlight: number, braked: number, hinted: number];

/** Which worker of the fleet sweeps, and what its next page is worth: both are kept in Redis. */
export class SweepLead {
  readonly #redis: RedisClient;
  readonly #keys: Keys;
  readonly #script: Script<LeadReply>;
  readonly #worker = randomUUID();
  #worthMs = 0;

  constructor(redis: RedisClient, keys: Keys) {
    this.#redis = redis;
    this.#keys = keys;
    this.#script = loadScript(redis, new URL('./sweep-lead.lua', import.meta.url));
  }

  /** Becomes the worker that sweeps, or stays it, if no other is. */
  async take(): Promise<Lead> {
    const { sweeper, inFlight: faxes, brake, hinted: hints } = this.#keys;
    const reply = await this.#script([sweeper, faxes, brake, hints], [this.#worker, LEAD_MS]);
    const [now, leads, inFlight, braked, hinted] = reply;
    return { now, leads: leads === 1, inFlight, braked: braked === 1, hinted };
  }

  /** Keeps the lead while something takes its time. @param failed hears why the lead could not be renewed */
  async keep<T>(running: () => Promise<T>, failed: (error: unknown) => void): Promise<T> {
    using started = new DisposableStack();
    started.use(every(RENEW_MS, () => this.take(), failed));
    return await running();
  }

  /**
   * Tells the choosers what a request of the list is worth: slots that are worth more with a poll go to polls.
   *
   * @param worthMs 0 if all slots go to polls
   * @returns whether it is worth less than before, so that a poll may be worth more now
   */
  async claimSlots(worthMs: number): Promise<boolean> {
    const { sweepWorth } = this.#keys;
    if (worthMs > 0) await this.#redis.set(sweepWorth, worthMs, 'PX', WORTH_KEPT_MS);
    else await this.#redis.del(sweepWorth);
    const isLess = worthMs < this.#worthMs;
    this.#worthMs = worthMs;
    return isLess;
  }

  /** Lets another worker sweep at once. */
  async resign(): Promise<void> {
    const { sweeper, sweepWorth } = this.#keys;
    if ((await this.#redis.get(sweeper)) !== this.#worker) return;
    await this.#redis.del(sweeper, sweepWorth);
  }
}
