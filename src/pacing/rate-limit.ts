import type { Queue } from 'bullmq';
import type { Settings } from '../config.ts';
import type { Keys } from '../keys.ts';
import type { Log } from '../log.ts';
import type { RedisClient } from '../redis/redis-client.ts';
import { loadScript, type Script } from '../redis/script.ts';
import { ceilingPace, limiterShape, paceAt, type LimiterShape, type RefusedPace } from './pace.ts';

type RateLimitSettings = Pick<Settings, 'RATE_LIMIT_MAX' | 'RATE_LIMIT_DURATION_MS' | 'RATE_LIMIT_HEADROOM'>;

const REFRESH_MS = 1_000;
const HELD = Number.MAX_SAFE_INTEGER; // the count that BullMQ's own rateLimit() puts into the limiter key

/**
 * The one pace of all workers of a key, by BullMQ's global limiter: it lives in Redis, and each job fetched takes a slot of it.
 * A slot spent without a request is given back; a hold takes all slots for a while.
 */
export class RateLimit {
  readonly #queue: Queue;
  readonly #redis: RedisClient;
  readonly #keys: Keys;
  readonly #settings: RateLimitSettings;
  readonly #log: Log;
  readonly #limiterKey: string;
  readonly #giveBack: Script<number>;
  readonly #ceiling: number;
  #shape: LimiterShape = { max: 0, duration: 0 };
  #timer: NodeJS.Timeout | undefined;

  constructor(queue: Queue, redis: RedisClient, keys: Keys, settings: RateLimitSettings, log: Log) {
    this.#queue = queue;
    this.#redis = redis;
    this.#keys = keys;
    this.#settings = settings;
    this.#log = log;
    this.#limiterKey = queue.toKey('limiter');
    this.#giveBack = loadScript(redis, new URL('./give-back.lua', import.meta.url));
    this.#ceiling = ceilingPace(settings.RATE_LIMIT_MAX, settings.RATE_LIMIT_DURATION_MS, settings.RATE_LIMIT_HEADROOM);
  }

  /**
   * Puts the pace in force and keeps it so. To be awaited before the first worker runs: a queue without a limit ignores holds.
   */
  async start(): Promise<void> {
    await this.#refresh();
    clearInterval(this.#timer);
    this.#timer = setInterval(() => {
      this.#refresh().catch((err: unknown) => this.#log.debug({ err }, 'pace not refreshed'));
    }, REFRESH_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** The pace that BullMQ keeps for all workers, requests per second; undefined before the first of them has run. */
  async inForce(): Promise<number | undefined> {
    const limit = await this.#queue.getGlobalRateLimit();
    return limit ? (limit.max * 1000) / limit.duration : undefined;
  }

  /** The pace that is to be in force now, requests per second. */
  async current(): Promise<number> {
    const [seconds, micros] = await this.#redis.time();
    const now = Number(seconds) * 1000 + Number(micros) / 1000;
    return paceAt(this.#ceiling, await this.#refused(), now, this.#settings.RATE_LIMIT_DURATION_MS);
  }

  /** Halves the pace: once per refusal episode, which the caller sees to. @param now the time of Redis, ms since 1970 */
  async lower(now: number): Promise<void> {
    const pace = paceAt(this.#ceiling, await this.#refused(), now, this.#settings.RATE_LIMIT_DURATION_MS);
    await this.#redis.hset(this.#keys.pace, { refused: pace, at: now });
    await this.#refresh();
    this.#log.info({ pacePerSecond: pace / 2 }, 'pace halved after a refusal');
  }

  /**
   * Stops the queue for everyone for `ms` from now, in place of any hold before. Which hold is the longest, the brake knows: a worker
   * that a shorter one lets through too early is stopped at its claim.
   */
  async hold(ms: number): Promise<void> {
    await this.#queue.rateLimit(Math.max(1, Math.ceil(ms)));
  }

  /** Ends a hold. */
  async release(): Promise<void> {
    await this.#queue.removeRateLimitKey();
  }

  /** Gives the slot of a job back that sent no request. @param takenMsAgo at least how long ago the job was fetched */
  async giveBack(takenMsAgo: number): Promise<void> {
    await this.#giveBack([this.#limiterKey], [this.#shape.duration, Math.floor(takenMsAgo), HELD]);
  }

  async #refused(): Promise<RefusedPace | undefined> {
    const [pace, at] = await this.#redis.hmget(this.#keys.pace, 'refused', 'at');
    return pace && at ? { pace: Number(pace), at: Number(at) } : undefined;
  }

  async #refresh(): Promise<void> {
    const shape = limiterShape(await this.current());
    if (shape.max === this.#shape.max && shape.duration === this.#shape.duration) return;
    await this.#queue.setGlobalRateLimit(shape.max, shape.duration);
    this.#shape = shape;
  }
}
