import { randomUUID } from 'node:crypto';
import type { Queue } from 'bullmq';
import type { Keys } from '../contract/keys.ts';
import type { RedisClient } from '../redis/redis-client.ts';
import { loadScript, type Script } from '../redis/script.ts';
import { notFoundMeaning, type NotFoundMeaning } from './not-found.ts';

const NOTED_EVERY_MS = 1_000; // what others need to know of answers is not finer than that
const REMEMBERED_MS = 60 * 60_000;
const STREAK_KEPT = 50;

export type AnswerRecordParts = { readonly queue: Queue; readonly redis: RedisClient; readonly keys: Keys };

/**
 * What the API answered last, as far as all workers need to know: when each of them was answered, so that a refusal can
 * be told to be one fax's or one worker's, and the streak of 404s, so that a wrong base path is no verdict on any fax.
 */
export class AnswerRecord {
  readonly #queue: Queue;
  readonly #redis: RedisClient;
  readonly #keys: Keys;
  readonly #worker = randomUUID();
  readonly #notFound: Script<[answers: number, faxes: number]>;
  #notedAt = -Infinity;
  #answeredAt = 0;
  #answeredOtherwise = false;
  #streak = true; // there may be one from before this process

  constructor({ queue, redis, keys }: AnswerRecordParts) {
    this.#queue = queue;
    this.#redis = redis;
    this.#keys = keys;
    this.#notFound = loadScript(redis, new URL('./answer-record-not-found.lua', import.meta.url));
  }

  /**
   * When this worker last sent a request that was answered, and not refused; ms since 1970, by Redis's clock, 0 for
   * never.
   */
  get answeredAt(): number {
    return this.#answeredAt;
  }

  /** The API answered a request with a fax's status. @param sentAt ms since 1970, by Redis's clock */
  async answered(sentAt: number): Promise<void> {
    this.#answeredOtherwise = true;
    const due = this.#isDue();
    await Promise.all([this.#note(sentAt, due), (due || this.#streak) && this.#redis.del(this.#keys.notFoundStreak)]);
    this.#streak = false;
  }

  /** The API answered a request with a 404. @returns what that says */
  async notFound(faxId: string, sentAt: number): Promise<NotFoundMeaning> {
    this.#streak = true;
    const counted = this.#notFound([this.#keys.notFoundStreak], [faxId, STREAK_KEPT, REMEMBERED_MS]);
    // Jobs that are there, whatever became of the entries of faxes in flight; this one is active.
    const jobs = this.#queue.getJobCountByTypes('delayed', 'wait', 'active', 'prioritized');
    const [[answers, faxes], all] = await Promise.all([counted, jobs, this.#note(sentAt, this.#isDue())]);
    const others = all - 1;
    return notFoundMeaning({ answers, faxes, others }, this.#answeredOtherwise);
  }

  /** When any other worker last sent a request that was answered; ms since 1970, 0 for never. */
  async othersAnsweredAt(): Promise<number> {
    const newest = await this.#redis.zrevrange(this.#keys.answered, 0, 1, 'WITHSCORES');
    return Number(newest[0] === this.#worker ? (newest[3] ?? 0) : (newest[1] ?? 0));
  }

  #isDue(): boolean {
    return performance.now() - this.#notedAt >= NOTED_EVERY_MS;
  }

  async #note(sentAt: number, due: boolean): Promise<void> {
    this.#answeredAt = Math.max(this.#answeredAt, sentAt);
    if (!due) return;
    this.#notedAt = performance.now();
    await Promise.all([
      this.#redis.zadd(this.#keys.answered, sentAt, this.#worker),
      this.#redis.zremrangebyscore(this.#keys.answered, '-inf', sentAt - REMEMBERED_MS),
      this.#redis.pexpire(this.#keys.answered, REMEMBERED_MS),
    ]);
  }
}
