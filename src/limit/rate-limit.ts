import type { Queue } from 'bullmq';
import type { Keys } from '../contract/keys.ts';
import type { Log } from '../log/log.ts';
import { OnceAMinute } from '../log/once-a-minute.ts';
import type { RedisClient } from '../redis/redis-client.ts';
import type { RedisClock } from '../redis/clock.ts';
import { loadScript, type Script } from '../redis/script.ts';
import { every } from '../timing/every.ts';
import { FleetPace, type RateLimitSettings } from './fleet-pace.ts';
import { limiterShape, type LimiterShape } from './pace.ts';

const REFRESH_MS = 1_000;
const ROUNDING = 1.02; // a limiter's pace over this many times that of the ceiling is somebody else's setting
const RESTORE_MS = 100; // until the limit is surely back: what was fetched before that may have taken no slot
const TAKE_AGAIN_MS = 20; // while jobs wait for a slot that is free: workers fetch them meanwhile
const PAUSED_MS = 1_000; // until a queue that is paused is looked at again for a slot
const HELD = Number.MAX_SAFE_INTEGER; // the count that BullMQ's own rateLimit() puts into the limiter key

export type RateLimitParts = {
  readonly queue: Queue;
  readonly redis: RedisClient;
  readonly keys: Keys;
  readonly clock: RedisClock;
  readonly log: Log;
};

/**
 * The one pace of all workers of a key, by BullMQ's global limiter: it lives in Redis, and each job fetched takes a
 * slot of it. A slot spent without a request is given back; a hold takes all slots for a while.
 *
 * Redis is the authority. Whatever took the limit away or changed it (FLUSHALL, a restart without persistence,
 * `obliterate`, Bull Board), it is read back once a second and before each request, and put right.
 */
export class RateLimit {
  readonly #queue: Queue;
  readonly #redis: RedisClient;
  readonly #keys: Keys;
  readonly #clock: RedisClock;
  readonly #settings: RateLimitSettings;
  readonly #log: Log;
  readonly #limiterKey: string;
  readonly #creditKey: string;
  readonly #metaKey: string;
  readonly #waitKey: string;
  readonly #giveBack: Script<number>;
  readonly #take: Script<number>;
  readonly #limiterCheck: Script<[max: string | null, duration: string | null]>;
  readonly #fit: Script<[max: string | null, duration: string | null, concurrency: string | null]>;
  readonly #pace: FleetPace;
  #running = false;
  #shapedFor: { readonly ceiling: number; readonly pace: number };
  #shape: LimiterShape;
  #greatest: LimiterShape;
  #checking: Promise<boolean> | undefined;
  #restoring: Promise<void> | undefined;
  #refreshing: Disposable | undefined;

  constructor({ queue, redis, keys, clock, log }: RateLimitParts, settings: RateLimitSettings) {
    this.#queue = queue;
    this.#redis = redis;
    this.#keys = keys;
    this.#clock = clock;
    this.#settings = settings;
    this.#log = log;
    this.#limiterKey = queue.toKey('limiter');
    this.#creditKey = queue.toKey('limiter:credit');
    this.#metaKey = queue.toKey('meta');
    this.#waitKey = queue.toKey('wait');
    this.#giveBack = loadScript(redis, new URL('./slot-give-back.lua', import.meta.url));
    this.#limiterCheck = loadScript(redis, new URL('./limiter-check.lua', import.meta.url));
    this.#take = loadScript(redis, new URL('./slot-take.lua', import.meta.url));
    this.#fit = loadScript(redis, new URL('./limiter-fit.lua', import.meta.url));
    this.#pace = new FleetPace({ redis, keys, clock, log }, settings);
    this.#shapedFor = { ceiling: this.#pace.ceiling, pace: this.#pace.current };
    this.#greatest = this.#shapeOf(this.#pace.ceiling);
    this.#shape = this.#greatest;
  }

  /**
   * Puts the pace in force and keeps it so. To be awaited before the first worker runs: a queue without a limit ignores
   * holds.
   */
  async start(): Promise<void> {
    await this.#refresh();
    this.#running = true;
    this.#refreshing?.[Symbol.dispose]();
    const failures = new OnceAMinute();
    const failed = (error: unknown): void => {
      const { message: reason } = error as Error;
      if (failures.isDue(reason)) this.#log.warn({ reason }, 'the pace cannot be read: it stays as it was');
    };
    this.#refreshing = every(REFRESH_MS, () => this.#refresh(), failed);
  }

  /** Ends the refreshing; this worker's ceiling no longer counts. */
  async stop(): Promise<void> {
    this.#refreshing?.[Symbol.dispose]();
    this.#running = false;
    await this.#pace.leave();
  }

  /** The pace that BullMQ keeps for all workers, requests per second; undefined before the first of them has run. */
  async inForce(): Promise<number | undefined> {
    const limit = await this.#queue.getGlobalRateLimit();
    return limit ? (limit.max * 1000) / limit.duration : undefined;
  }

  /** The pace that is to be in force, requests per second, as of the last refresh. */
  get current(): number {
    return this.#pace.current;
  }

  /** Whether the pace was halved a short while ago, as of the last refresh. */
  get loweredLately(): boolean {
    return this.#pace.loweredLately;
  }

  /** How many jobs the limiter lets out at once. */
  get perWindow(): number {
    return this.#shape.max;
  }

  /** How many workers share the pace, this one included, as of the last refresh. */
  get workers(): number {
    return this.#pace.workers;
  }

  /** Whether jobs wait that only the limit holds back. */
  async binds(): Promise<boolean> {
    const [waiting, taken] = await Promise.all([this.#redis.llen(this.#waitKey), this.#redis.get(this.#limiterKey)]);
    return waiting > 0 && Number(taken) >= this.#shape.max;
  }

  /**
   * Whether the limit in Redis holds. If somebody took it away or raised it, it is put back, and what was fetched
   * meanwhile took no slot: it must not be sent. A worker fetches as many jobs as it may work on before it works on the
   * first, so those that it has are marked by when they were fetched.
   *
   * Redis is asked once for all jobs of one turn of the event loop, as their commands leave together anyway.
   */
  async holds(): Promise<boolean> {
    if (!this.#checking) {
      this.#checking = this.#check();
      setImmediate(() => (this.#checking = undefined));
    }
    return this.#checking;
  }

  async #check(): Promise<boolean> {
    const keys = [this.#limiterKey, this.#metaKey, this.#creditKey];
    const [max, duration] = await this.#limiterCheck(keys, [HELD]);
    if (!this.#isLost(max, duration)) return true;
    await (this.#restoring ??= this.#restore().finally(() => {
      this.#restoring = undefined;
    }));
    return false;
  }

  /**
   * Halves the pace: once per refusal episode, which callers must ensure.
   *
   * @param now the time of Redis, ms since 1970
   */
  async lower(now: number): Promise<void> {
    await this.#pace.lower(now);
    await this.#refresh();
    this.#log.info({ pacePerSecond: this.current }, 'pace halved after a refusal');
  }

  /**
   * The pace was halved for a refusal that turned out to be of one fax alone: as if it had not been.
   *
   * @param at ms since 1970
   */
  async forgive(at: number): Promise<void> {
    if (!(await this.#pace.forgive(at))) return;
    await this.#refresh();
    this.#log.info({ pacePerSecond: this.current }, 'the refusal was of one fax alone: the pace is back');
  }

  /**
   * Stops the queue for everyone for `ms` from now, in place of any hold before. Which hold is the longest, the brake
   * knows: a worker that a shorter one lets through too early is stopped at its claim.
   */
  async hold(ms: number): Promise<void> {
    await this.#queue.rateLimit(Math.max(1, Math.ceil(ms)));
  }

  /** Ends a hold. */
  async release(): Promise<void> {
    await this.#queue.removeRateLimitKey();
  }

  /**
   * Takes a slot for a request that no job makes. Jobs that wait for one go first, and a paused queue has none.
   *
   * @returns 0 if it was taken, else after how many ms to try again
   */
  async take(): Promise<number> {
    const { max, duration } = this.#shape;
    return this.#take([this.#limiterKey, this.#waitKey, this.#metaKey], [max, duration, TAKE_AGAIN_MS, PAUSED_MS]);
  }

  /** Gives the slot of a job back that sent no request. @param takenMsAgo at least how long ago the job was fetched */
  async giveBack(takenMsAgo: number): Promise<void> {
    await this.#giveBack([this.#limiterKey, this.#creditKey], [this.#shape.duration, Math.floor(takenMsAgo), HELD]);
  }

  async #refresh(): Promise<void> {
    await this.#pace.refresh();
    this.#setShape();
    const keys = [this.#limiterKey, this.#metaKey];
    const [max, duration, concurrency] = await this.#fit(keys, [this.#shape.duration, HELD]);
    // Where no other worker runs, nothing was fetched without a limit.
    if (this.#isLost(max, duration) && (this.workers > 1 || this.#running)) await this.#restore();
    else if (Number(max) !== this.#shape.max || Number(duration) !== this.#shape.duration) await this.#put();
    if (concurrency) {
      await this.#queue.removeGlobalConcurrency();
      this.#log.warn(
        { concurrency: Number(concurrency) },
        'somebody gave the queue a global concurrency: removed, as the pace is its only limit',
      );
    }
  }

  /** Finding a shape is a search, some 25 ms at a million requests per second: only a changed pace is worth one. */
  #setShape(): void {
    const { ceiling, current: pace } = this.#pace;
    if (ceiling !== this.#shapedFor.ceiling) this.#greatest = this.#shapeOf(ceiling);
    if (pace !== this.#shapedFor.pace) this.#shape = this.#shapeOf(pace);
    this.#shapedFor = { ceiling, pace };
  }

  #shapeOf(pace: number): LimiterShape {
    const { RATE_LIMIT_DURATION_MS, RATE_LIMIT_HEADROOM } = this.#settings;
    return limiterShape(pace, RATE_LIMIT_DURATION_MS, RATE_LIMIT_HEADROOM);
  }

  #isLost(max: string | null | undefined, duration: string | null | undefined): boolean {
    return (
      !max || !duration || Number(max) / Number(duration) > (this.#greatest.max / this.#greatest.duration) * ROUNDING
    );
  }

  async #restore(): Promise<void> {
    await this.#redis.hset(this.#keys.pace, 'restored', Math.ceil(this.#clock.now() + RESTORE_MS));
    await this.#put();
  }

  async #put(): Promise<void> {
    await this.#queue.setGlobalRateLimit(this.#shape.max, this.#shape.duration);
  }
}
