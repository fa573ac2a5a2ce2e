import type { Queue } from 'bullmq';
import type { Settings } from '../config.ts';
import type { Keys } from '../keys.ts';
import type { Log } from '../log.ts';
import type { RedisClient } from '../redis/redis-client.ts';
import { loadScript, type Script } from '../redis/script.ts';
import { EDGES } from './completion-model.ts';
import type { ModelStore } from './model-store.ts';
import { intervalAt, type AgeGroup, type IntervalBounds } from './policy.ts';
import { firstPrice, nextPrice, type Price } from './price.ts';
import type { RateLimit } from './rate-limit.ts';

type ScheduleSettings = Pick<Settings, 'POLL_MIN_INTERVAL_MS' | 'POLL_MAX_INTERVAL_MS' | 'POLL_DEADLINE_MS'>;

const REFRESH_MS = 1_000;
const JITTER = 0.05; // of an interval, either way: spreads cohorts, and costs little as lag is flat around its optimum
const COARSE = 4; // bins of the model to one group of ages: the load need not be known finer
const GROUP_AGES = EDGES.filter((_, bin) => bin % COARSE === 0);
const NOTEWORTHY = 1.5; // times dearer or cheaper than the price last logged

/**
 * Which fax next, and when. The completion model says when faxes finish, the load how many polls may be spent on them; the price of a
 * poll makes both meet, and gives the policy that all faxes are scheduled by. Renewed once a second, from what all workers share.
 */
export class Schedule {
  readonly #queue: Queue;
  readonly #redis: RedisClient;
  readonly #keys: Keys;
  readonly #limit: RateLimit;
  readonly #model: ModelStore;
  readonly #log: Log;
  readonly #bounds: IntervalBounds;
  readonly #horizonMs: number;
  readonly #load: Script<number[]>;
  #price: Price;
  #logged = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(queue: Queue, redis: RedisClient, keys: Keys, limit: RateLimit, model: ModelStore, settings: ScheduleSettings, log: Log) {
    this.#queue = queue;
    this.#redis = redis;
    this.#keys = keys;
    this.#limit = limit;
    this.#model = model;
    this.#log = log;
    this.#bounds = { minMs: settings.POLL_MIN_INTERVAL_MS, maxMs: settings.POLL_MAX_INTERVAL_MS };
    this.#horizonMs = settings.POLL_DEADLINE_MS;
    this.#load = loadScript(redis, new URL('./load.lua', import.meta.url));
    this.#price = firstPrice(model.hazards, this.#bounds, this.#horizonMs);
  }

  async start(): Promise<void> {
    await this.#refresh();
    clearInterval(this.#timer);
    this.#timer = setInterval(() => {
      this.#refresh().catch((err: unknown) => this.#log.debug({ err }, 'schedule not refreshed'));
    }, REFRESH_MS);
  }

  /** Ends the refreshing, and hands on what was learned since. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#model.flush();
  }

  /** What a poll costs at the moment, in ms of lag of one fax. */
  get priceMs(): number {
    return this.#price.priceMs;
  }

  /** At which age a new fax is to be polled first, ms: at once while there is room, else when it is likeliest to pay. */
  firstPollAge(): number {
    return this.#price.slack ? 0 : this.#jittered(intervalAt(this.#price.policy, { ...this.#bounds, minMs: 0 }, 0));
  }

  /** How long until a fax that was found pending at this age is polled again, ms, within the bounds of the settings. */
  nextInterval(ageMs: number): number {
    const { minMs, maxMs } = this.#bounds;
    const interval = intervalAt(this.#price.policy, this.#bounds, ageMs);
    if (this.#price.slack && interval === minMs) return minMs; // nothing to spread: there is room for every fax at once
    return Math.min(Math.max(this.#jittered(interval), minMs), maxMs);
  }

  #jittered(ms: number): number {
    return ms * (1 + JITTER * (2 * Math.random() - 1));
  }

  async #refresh(): Promise<void> {
    const pacePerSecond = this.#limit.current;
    const [counts, backlog] = await Promise.all([
      this.#load([this.#keys.inFlight], GROUP_AGES.map(Math.round)),
      this.#redis.llen(this.#queue.toKey('wait')),
      this.#model.flush(),
    ]);
    const groups = counts.map((count, i): AgeGroup => {
      const fromMs = GROUP_AGES[i] as number;
      return { fromMs, toMs: GROUP_AGES[i + 1] ?? fromMs * 2, count };
    });
    this.#price = nextPrice(this.#price, this.#model.hazards, { groups, backlog, pacePerSecond }, this.#bounds, this.#horizonMs);
    this.#note();
  }

  #note(): void {
    const ratio = this.#price.priceMs / this.#logged;
    if (this.#logged !== 0 && ratio < NOTEWORTHY && ratio > 1 / NOTEWORTHY) return;
    this.#logged = this.#price.priceMs;
    this.#log.info({ priceMs: Number(this.#price.priceMs.toPrecision(3)), firstPollMs: Math.round(this.firstPollAge()) }, 'price of a poll changed');
  }
}
