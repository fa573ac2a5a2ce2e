import type { Queue } from 'bullmq';
import type { Log } from '../log.ts';
import type { RedisClock } from '../redis/clock.ts';
import { parseProgress } from '../polling/job.ts';

const LOOKED_AT = 5; // jobs that are due next

/**
 * Conserves work: when the limiter has room and nothing is due, the fax that is due next is polled now. Never one that was polled
 * less than the minimum interval ago, one that backs off from faults or was refused, or one that stands by for another job.
 */
export class Promoter {
  readonly #queue: Queue;
  readonly #minMs: number;
  readonly #clock: RedisClock;
  readonly #log: Log;
  #busy = false;

  constructor(queue: Queue, minIntervalMs: number, clock: RedisClock, log: Log) {
    this.#clock = clock;
    this.#queue = queue;
    this.#minMs = minIntervalMs;
    this.#log = log;
  }

  /** To be called at a worker's `drained`, which tells that it found nothing to do, or that the limiter had no room. */
  readonly idle = (): void => {
    if (this.#busy) return;
    this.#busy = true;
    this.#promoteNext()
      .catch((err: unknown) => this.#log.trace({ err }, 'nothing promoted')) // another worker was quicker
      .finally(() => {
        this.#busy = false;
      });
  };

  async #promoteNext(): Promise<void> {
    if ((await this.#queue.getWaitingCount()) > 0) return;
    const jobs = await this.#queue.getJobs(['delayed'], 0, LOOKED_AT - 1, true);
    const latest = this.#clock.now() - this.#minMs;
    const next = jobs.find((job) => {
      const { faults, lastPollAt, nextPollAt, refusedAt } = parseProgress(job.progress);
      if (faults > 0 || refusedAt !== null || nextPollAt === null) return false;
      return lastPollAt === null || Date.parse(lastPollAt) <= latest;
    });
    await next?.promote();
  }
}
