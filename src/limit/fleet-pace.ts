import { randomUUID } from 'node:crypto';
import type { Keys } from '../contract/keys.ts';
import type { Log } from '../log/log.ts';
import type { RedisClock } from '../redis/clock.ts';
import type { RedisClient } from '../redis/redis-client.ts';
import { loadScript, type Script } from '../redis/script.ts';
import type { Settings } from '../settings/table.ts';
import { ceilingPace, paceAt, regainMs } from './pace.ts';

export type RateLimitSettings = Pick<Settings, 'RATE_LIMIT_MAX' | 'RATE_LIMIT_DURATION_MS' | 'RATE_LIMIT_HEADROOM'>;

type CeilingsReply = [now: number, alive: number, lowest: string, highest: string, refusedAt: string[]];

const SAME_EPISODE_MS = 60_000; // from the pace being halved to the last refusal that the fax had meanwhile
const GONE_AFTER_MS = 10_000; // a worker says every second that it is alive
// of the API's limit: after so many, the pace has come back far enough to be what a refusal is about
const LATELY_WINDOWS = 10;

export type FleetPaceParts = {
  readonly redis: RedisClient;
  readonly keys: Keys;
  readonly clock: RedisClock;
  readonly log: Log;
};

/**
 * How fast all workers of a key may go together: the lowest ceiling of those alive, less for a while after a refusal.
 * Both are kept in Redis, so that every worker computes the same pace.
 */
export class FleetPace {
  readonly #redis: RedisClient;
  readonly #keys: Keys;
  readonly #clock: RedisClock;
  readonly #log: Log;
  readonly #windowMs: number;
  readonly #ownCeiling: number;
  readonly #ceilings: Script<CeilingsReply>;
  readonly #worker = randomUUID();
  #ceiling: number;
  #current: number;
  #workers = 1;
  #refusedAt = 0; // ms since 1970
  #warnedOf = '';

  constructor({ redis, keys, clock, log }: FleetPaceParts, settings: RateLimitSettings) {
    this.#redis = redis;
    this.#keys = keys;
    this.#clock = clock;
    this.#log = log;
    this.#windowMs = settings.RATE_LIMIT_DURATION_MS;
    this.#ownCeiling = ceilingPace(settings.RATE_LIMIT_MAX, this.#windowMs, settings.RATE_LIMIT_HEADROOM);
    this.#ceilings = loadScript(redis, new URL('./fleet-pace-read.lua', import.meta.url));
    this.#ceiling = this.#ownCeiling;
    this.#current = this.#ownCeiling;
  }

  /** The pace that is to be in force, requests per second, as of the last refresh. */
  get current(): number {
    return this.#current;
  }

  /** The pace without any refusal, requests per second, as of the last refresh. */
  get ceiling(): number {
    return this.#ceiling;
  }

  /** How many workers share the pace, this one included, as of the last refresh. */
  get workers(): number {
    return this.#workers;
  }

  /** Whether the pace was halved a short while ago, as of the last refresh. */
  get loweredLately(): boolean {
    return this.#clock.now() - this.#refusedAt < LATELY_WINDOWS * this.#windowMs;
  }

  /** Reads the pace, and says that this worker is alive. */
  async refresh(): Promise<void> {
    const [now, workers, lowest, highest, refusals] = await this.#ceilings(
      [this.#keys.ceilings, this.#keys.refusals],
      [this.#worker, this.#ownCeiling, GONE_AFTER_MS, regainMs(this.#windowMs)],
    );
    const refusedAt = refusals.map(Number);
    this.#clock.told(now);
    this.#workers = workers;
    this.#ceiling = Number(lowest);
    this.#current = paceAt(this.#ceiling, refusedAt, now, this.#windowMs);
    this.#refusedAt = Math.max(0, ...refusedAt);
    this.#warnOfDifference(this.#ceiling, Number(highest));
  }

  /**
   * Halves the pace, from the next refresh on.
   *
   * @param now the time of Redis, ms since 1970
   */
  async lower(now: number): Promise<void> {
    await this.#redis.zadd(this.#keys.refusals, now, now);
  }

  /**
   * Takes a halving back, from the next refresh on.
   *
   * @param at when a refusal was that belongs to it, ms since 1970
   * @returns whether there was one
   */
  async forgive(at: number): Promise<boolean> {
    const [halvedAt] = await this.#redis.zrevrangebyscore(this.#keys.refusals, at, at - SAME_EPISODE_MS, 'LIMIT', 0, 1);
    if (halvedAt === undefined) return false;
    await this.#redis.zrem(this.#keys.refusals, halvedAt);
    return true;
  }

  /** This worker's ceiling no longer counts. */
  async leave(): Promise<void> {
    await this.#redis.hdel(this.#keys.ceilings, this.#worker);
  }

  #warnOfDifference(lowest: number, highest: number): void {
    const difference = lowest === highest ? '' : `${lowest} ${highest}`;
    if (difference !== '' && difference !== this.#warnedOf) {
      this.#log.warn(
        { lowestPerSecond: lowest, highestPerSecond: highest, ownPerSecond: this.#ownCeiling },
        'workers of this queue have different rate limits: the lowest is in force; ' +
          'give all the same RATE_LIMIT_MAX, _DURATION_MS and _HEADROOM',
      );
    }
    this.#warnedOf = difference;
  }
}
