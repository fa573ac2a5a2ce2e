import type { Queue } from 'bullmq';
import type { Keys } from '../contract/keys.ts';
import type { InFlight } from '../schedule/in-flight.ts';
import { STORED_JOB_FIELDS, watches, type StoredJob } from '../redis/fax-of-job.ts';
import type { RedisClient } from '../redis/redis-client.ts';

const FIRST_BATCH = 16; // most often the first entry is in flight
const LARGEST_BATCH = 512; // a job's data may have 4 KiB
const MOST_LOOKED_AT = 20_000; // per call; the next call continues from there, as stale entries are removed

/** An entry of the faxes in flight, and the job that its lease names; empty text for none. */
type Entry = { readonly faxId: string; readonly enqueuedAt: number; readonly jobId: string };

/**
 * Finds the oldest fax in flight. Jobs that are drained, obliterated or removed by hand leave their entries and leases
 * behind: what is stale is removed here, when it comes first.
 */
export class OldestInFlight {
  readonly #queue: Queue;
  readonly #redis: RedisClient;
  readonly #keys: Keys;
  readonly #inFlight: InFlight;

  constructor(queue: Queue, redis: RedisClient, keys: Keys, inFlight: InFlight) {
    this.#queue = queue;
    this.#redis = redis;
    this.#keys = keys;
    this.#inFlight = inFlight;
  }

  /** When it was enqueued, ms since 1970; undefined if no fax is in flight. */
  async enqueuedAt(): Promise<number | undefined> {
    let size = FIRST_BATCH;
    for (let looked = 0; looked < MOST_LOOKED_AT; looked += size) {
      const entries = await this.#first(size);
      if (entries.length === 0) return undefined;
      const live = await this.#firstLive(entries);
      await this.#inFlight.forget(entries.slice(0, live));
      if (live < entries.length) return entries[live]?.enqueuedAt;
      size = Math.min(size * 4, LARGEST_BATCH);
    }
    return undefined;
  }

  async #first(count: number): Promise<Entry[]> {
    const flat = await this.#redis.zrange(this.#keys.inFlight, '0', String(count - 1), 'WITHSCORES');
    const faxIds = flat.filter((_, i) => i % 2 === 0);
    if (faxIds.length === 0) return [];
    const owners = await this.#redis.mget(faxIds.map((faxId) => this.#keys.lease(faxId)));
    return faxIds.map((faxId, i) => ({ faxId, enqueuedAt: Number(flat[2 * i + 1]), jobId: owners[i] ?? '' }));
  }

  /**
   * The index of the first entry whose job exists, is unfinished and is for the same fax; their number if there is
   * none.
   */
  async #firstLive(entries: readonly Entry[]): Promise<number> {
    // Not in one script with the leases: on a cluster BullMQ's keys are in another slot than ours.
    const pipeline = this.#redis.pipeline();
    for (const { jobId } of entries) pipeline.hmget(this.#queue.toKey(jobId), ...STORED_JOB_FIELDS);
    const replies = (await pipeline.exec()) ?? [];
    const failed = replies.find(([error]) => error)?.[0];
    if (failed) throw failed; // a job that could not be read is not one that is gone
    const live = entries.findIndex(
      ({ faxId, jobId }, i) => jobId !== '' && watches(replies[i]?.[1] as StoredJob, faxId),
    );
    return live === -1 ? entries.length : live;
  }
}
