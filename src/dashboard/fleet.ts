import type { Queue } from 'bullmq';
import type { Keys } from '../contract/keys.ts';
import type { Brake, BrakeState } from '../limit/brake.ts';
import type { InFlight } from '../schedule/in-flight.ts';
import type { RateLimit } from '../limit/rate-limit.ts';
import type { RedisClient } from '../redis/redis-client.ts';
import { within } from '../timing/within.ts';
import { OldestInFlight } from './oldest-in-flight.ts';

/** What Redis knows of all workers together, at one moment. */
export type Fleet = {
  /** Undefined before the first worker has run. */
  readonly pacePerSecond: number | undefined;
  readonly brake: BrakeState | undefined;
  /** Whether somebody paused the queue: no worker takes a job then. */
  readonly paused: boolean;
  /** Jobs by BullMQ state. */
  readonly jobs: Readonly<Record<InFlightState, number> & Partial<Record<QueueState, number>>>;
  /** Faxes that the next slots are chosen from. */
  readonly candidates: number;
  /** Whether hints of the list of faxes prove right. */
  readonly historyTrusted: boolean;
  /** Since the oldest fax in flight was enqueued, ms; 0 if there is none. */
  readonly oldestInFlightMs: number;
  /** Since the job that is overdue longest fell due, ms; 0 if none is. */
  readonly overdueMs: number;
};

const QUEUE_STATES = ['wait', 'active', 'delayed', 'prioritized', 'completed', 'failed'] as const;
type QueueState = (typeof QUEUE_STATES)[number];
export const IN_FLIGHT_STATES = ['wait', 'active', 'delayed', 'prioritized'] as const;
type InFlightState = (typeof IN_FLIGHT_STATES)[number];

/** That of an account that sleeps. */
export const NOTHING_IN_FLIGHT: Fleet = {
  pacePerSecond: undefined,
  brake: undefined,
  paused: false,
  jobs: { wait: 0, active: 0, delayed: 0, prioritized: 0 }, // what has ended stays as it was
  candidates: 0,
  historyTrusted: false,
  oldestInFlightMs: 0,
  overdueMs: 0,
};

const DELAYED_SCORE_UNIT = 0x1000; // BullMQ's delayed set has ms times this as its score, plus a counter

export class RedisAwayError extends Error {
  override readonly name = 'RedisAwayError';
  readonly code = 'ERR_REDIS_AWAY';
}

export type FleetParts = {
  readonly queue: Queue;
  readonly redis: RedisClient;
  readonly keys: Keys;
  readonly inFlight: InFlight;
  readonly limit: RateLimit;
  readonly brake: Brake;
};

/** Reads the state of the fleet. */
export class FleetReader {
  readonly #queue: Queue;
  readonly #redis: RedisClient;
  readonly #keys: Keys;
  readonly #oldest: OldestInFlight;
  readonly #limit: RateLimit;
  readonly #brake: Brake;

  constructor({ queue, redis, keys, inFlight, limit, brake }: FleetParts) {
    this.#queue = queue;
    this.#redis = redis;
    this.#keys = keys;
    this.#oldest = new OldestInFlight(queue, redis, keys, inFlight);
    this.#limit = limit;
    this.#brake = brake;
  }

  /** @throws RedisAwayError if Redis does not answer in `timeoutMs` */
  async read(timeoutMs: number): Promise<Fleet> {
    const late = (): Error => new RedisAwayError(`redis did not answer within ${timeoutMs} ms`);
    return within(timeoutMs, this.#read(), late);
  }

  async #read(): Promise<Fleet> {
    const [pacePerSecond, brake, paused, jobs, candidates, trusted, oldest, firstDelayed] = await Promise.all([
      this.#limit.inForce(),
      this.#brake.state(),
      this.#queue.isPaused(),
      this.#queue.getJobCounts(...QUEUE_STATES),
      this.#redis.zcard(this.#keys.candidates),
      this.#redis.hget(this.#keys.history, 'trusted'),
      this.#oldest.enqueuedAt(),
      this.#redis.zrange(this.#queue.toKey('delayed'), '0', '0', 'WITHSCORES'),
    ]);
    const now = Date.now();
    const due = firstDelayed[1] === undefined ? now : Number(firstDelayed[1]) / DELAYED_SCORE_UNIT;
    return {
      pacePerSecond,
      brake,
      paused,
      jobs: jobs as Record<QueueState, number>,
      candidates,
      historyTrusted: trusted === '1',
      oldestInFlightMs: oldest === undefined ? 0 : Math.max(0, now - oldest),
      overdueMs: Math.max(0, now - due),
    };
  }
}
