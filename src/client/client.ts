import { Queue } from 'bullmq';
import type { Keys } from '../keys.ts';
import { keysOf } from '../keys.ts';
import { parseFaxJob, parseProgress, type FaxProgress } from '../polling/job.ts';
import type { RedisClient } from '../redis/connect.ts';
import type { FaxCompletedEvent } from '../results/event.ts';
import { fromHash, type FaxResult, type JsonObject } from '../results/result.ts';
import { EventReader, lastEntryId } from './event-reader.ts';

export type ClientOptions = {
  /** Connects to the Redis of the service; called for each connection that is needed. The client closes them. */
  readonly connect: () => RedisClient;
  /** As the service has them (contract §4). */
  readonly queueName?: string;
  readonly queuePrefix?: string;
  readonly keyPrefix?: string;
};

export type TrackOptions = {
  /** Echoed in result and event; at most 4 KiB as JSON. */
  readonly metadata?: JsonObject;
  /** This fax's own limit instead of the service's `POLL_DEADLINE_MS`, ms. */
  readonly deadlineMs?: number;
};

/** What is known of a fax. */
export type FaxStatus =
  | { readonly kind: 'done'; readonly result: FaxResult }
  | ({ readonly kind: 'in_flight'; readonly enqueuedAt: string } & FaxProgress)
  | { readonly kind: 'unknown' };

/** What other services use to have faxes watched and to learn how they ended (contract §1 and §3). */
export class FaxStatusClient {
  readonly #connect: () => RedisClient;
  readonly #redis: RedisClient;
  readonly #queue: Queue;
  readonly #keys: Keys;
  readonly #open: RedisClient[] = [];

  constructor({ connect, queueName = 'fax-status', queuePrefix = 'bull', keyPrefix = 'fax:' }: ClientOptions) {
    this.#connect = () => {
      const redis = connect();
      this.#open.push(redis);
      return redis;
    };
    this.#redis = this.#connect();
    this.#keys = keysOf(keyPrefix);
    this.#queue = new Queue(queueName, { connection: this.#redis, prefix: queuePrefix, skipMetasUpdate: true });
    this.#queue.on('error', () => undefined); // each call rejects by itself
  }

  /**
   * Has a fax watched. A fax that is in flight already stays as it is.
   *
   * @throws PayloadError if the id, the metadata or the deadline is not what contract §1 allows
   */
  async track(faxJobId: number | string, options: TrackOptions = {}): Promise<void> {
    const data = { faxJobId, ...options };
    const { faxId } = parseFaxJob(data);
    await this.#queue.add('poll', data, { deduplication: { id: `fax-${faxId}` } });
  }

  /** The result of a fax, or how far it is. @throws PayloadError if the id is none */
  async status(faxJobId: number | string): Promise<FaxStatus> {
    const { faxId } = parseFaxJob({ faxJobId });
    const hash = await this.#redis.hgetall(this.#keys.status(faxId));
    if (Object.keys(hash).length > 0) return { kind: 'done', result: fromHash(hash) };
    const jobId = (await this.#redis.get(this.#keys.lease(faxId))) ?? (await this.#queue.getDeduplicationJobId(`fax-${faxId}`)) ?? `fax-${faxId}`;
    const job = await this.#queue.getJob(jobId);
    if (!job || job.finishedOn !== undefined) return { kind: 'unknown' };
    return { kind: 'in_flight', enqueuedAt: new Date(job.timestamp).toISOString(), ...parseProgress(job.progress) };
  }

  /** The place in the stream after which all that is still to come will stand: for `events({ since })`. */
  async lastEventId(): Promise<string> {
    return lastEntryId(this.#redis, this.#keys);
  }

  /**
   * The events of finished faxes, in order, each once: those after `since` that the stream still has, then each as it comes.
   * It ends when `signal` is aborted.
   *
   * @param since an event's id (`fax-200`), an entry id of the stream, or `0` for all; what comes from now on if left out
   * @throws EventNotFoundError if the stream does not have that event (any more)
   */
  async *events({ since, signal }: { since?: string; signal?: AbortSignal } = {}): AsyncGenerator<FaxCompletedEvent, void, undefined> {
    const reader = new EventReader(this.#redis, this.#connect(), this.#keys);
    yield* reader.read(since, signal);
  }

  /** Closes the client's connections. */
  async close(): Promise<void> {
    await this.#queue.close();
    for (const redis of this.#open) redis.disconnect();
  }
}
