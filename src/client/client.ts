import { setTimeout as sleep } from 'node:timers/promises';
import { Queue, type Job } from 'bullmq';
import { Redis } from 'ioredis';
import type { AlertEvent } from '../alerts/alert.ts';
import { keysOf, type Keys } from '../keys.ts';
import { parseFaxJob, parseProgress, PayloadError, type FaxProgress } from '../polling/job.ts';
import type { RedisClient } from '../redis/redis-client.ts';
import type { FaxCompletedEvent } from '../results/event.ts';
import { fromHash, type FaxResult, type JsonObject } from '../results/result.ts';
import { readAlerts } from './alert-reader.ts';
import { Completions } from './completions.ts';
import { CancelError, ClosedError, WaitTimeoutError } from './errors.ts';
import { EventReader, lastEntryId } from './event-reader.ts';

export type ClientOptions = {
  /**
   * The Redis of the service: its URL (`redis://127.0.0.1:6379` if left out), or for sentinels and clusters a function that
   * connects. It is called for each connection that is needed; the client closes them all.
   */
  readonly redis?: string | (() => RedisClient);
  /** As the service has them (contract §4): `fax-status`, `bull` and `fax:` if left out. */
  readonly queueName?: string;
  readonly queuePrefix?: string;
  readonly keyPrefix?: string;
};

export type TrackOptions = {
  /** Echoed in result and event; at most 4 KiB as JSON. */
  readonly metadata?: JsonObject;
  /** This fax's own limit instead of the service's `POLL_DEADLINE_MS`, ms since it is enqueued. */
  readonly deadlineMs?: number;
};

/** A fax to be watched: its id alone, or with options. */
export type TrackedFax = number | string | ({ readonly faxJobId: number | string } & TrackOptions);

/** What is known of a fax. Times are ISO 8601, UTC. */
export type FaxStatus =
  | { readonly kind: 'done'; readonly result: FaxResult }
  | ({ readonly kind: 'in_flight'; readonly enqueuedAt: string } & FaxProgress)
  | { readonly kind: 'unknown' };

const BATCH = 1_000; // faxes enqueued in one round trip
const CANCEL_PATIENCE_MS = 30_000; // longer than a poll takes
const CANCEL_AGAIN_MS = 50;

/** What other services use to have faxes watched and to learn how they ended (contract §1 and §3). */
export class FaxStatusClient {
  readonly #connect: () => RedisClient;
  readonly #redis: RedisClient;
  readonly #queue: Queue;
  readonly #keys: Keys;
  readonly #open = new Set<RedisClient>();
  readonly #closing = new AbortController();
  #completions: Completions | undefined;

  constructor({ redis = 'redis://127.0.0.1:6379', queueName = 'fax-status', queuePrefix = 'bull', keyPrefix = 'fax:' }: ClientOptions = {}) {
    this.#connect = () => {
      const connection = typeof redis === 'string' ? new Redis(redis) : redis();
      connection.on('error', () => undefined); // each call rejects by itself
      connection.once('end', () => this.#open.delete(connection));
      this.#open.add(connection);
      return connection;
    };
    this.#redis = this.#connect();
    this.#keys = keysOf(keyPrefix);
    this.#queue = new Queue(queueName, { connection: this.#redis, prefix: queuePrefix, skipMetasUpdate: true });
    this.#queue.on('error', () => undefined);
  }

  /**
   * Has a fax watched. A fax that is in flight already stays as it is; one that has its result has its event published again.
   *
   * @throws PayloadError if the id, the metadata or the deadline is not what contract §1 allows
   */
  async track(faxJobId: number | string, options: TrackOptions = {}): Promise<void> {
    await this.trackMany([{ faxJobId, ...options }]);
  }

  /**
   * Has many faxes watched: 1,000 in a round trip, and the next are read from the source only when those are taken, so that a source
   * of any length is never held in memory as a whole.
   *
   * @param onRefused told of each fax that is not what contract §1 allows, and of its place in the source, from 0; the others go on.
   *   Without it the first such fax ends the call, and those before it are watched.
   * @returns how many were taken
   * @throws PayloadError of the first refused fax, if there is no `onRefused`
   */
  async trackMany(
    faxes: Iterable<TrackedFax> | AsyncIterable<TrackedFax>,
    { onRefused }: { readonly onRefused?: (error: PayloadError, index: number, fax: TrackedFax) => void } = {},
  ): Promise<number> {
    let [index, taken] = [-1, 0];
    let batch: Parameters<Queue['addBulk']>[0] = [];
    if (this.#redis.status !== 'ready') await this.#redis.ping(); // fails if Redis stays away; BullMQ's first command would wait for ever
    const send = async (): Promise<void> => {
      if (batch.length > 0) await this.#queue.addBulk(batch);
      taken += batch.length;
      batch = [];
    };
    for await (const fax of faxes) {
      index += 1;
      const data = typeof fax === 'object' ? fax : { faxJobId: fax };
      try {
        batch.push({ name: 'poll', data, opts: { deduplication: { id: dedupId(parseFaxJob(data).faxId) } } });
      } catch (error) {
        if (!(error instanceof PayloadError)) throw error;
        if (!onRefused) await send();
        if (!onRefused) throw error;
        onRefused(error, index, fax);
      }
      if (batch.length >= BATCH) await send();
    }
    await send();
    return taken;
  }

  /** The result of a fax, or how far it is: last message, polls, next poll. @throws PayloadError if the id is none */
  async status(faxJobId: number | string): Promise<FaxStatus> {
    const { faxId } = parseFaxJob({ faxJobId });
    const result = await this.#result(faxId);
    if (result) return { kind: 'done', result };
    const job = await this.#job(faxId);
    if (!job) return { kind: 'unknown' };
    return { kind: 'in_flight', enqueuedAt: new Date(job.timestamp).toISOString(), ...parseProgress(job.progress) };
  }

  /**
   * Waits until a fax is final, whoever had it watched; at once if it is already. A fax that nobody has watched is waited for, too.
   *
   * @param timeoutMs how long at most, ms; without end if left out
   * @throws WaitTimeoutError after `timeoutMs`
   * @throws the signal's reason when it is aborted; ClosedError when the client is closed
   * @throws PayloadError if the id is none
   */
  async wait(faxJobId: number | string, { timeoutMs, signal }: { readonly timeoutMs?: number; readonly signal?: AbortSignal } = {}): Promise<FaxResult> {
    const { faxId } = parseFaxJob({ faxJobId });
    const timeout = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
    const ends = [timeout, signal, this.#closing.signal].filter((end) => end !== undefined);
    this.#completions ??= new Completions(this.#connect(), this.#keys);
    await this.#completions.ready();
    for (;;) {
      const found = new AbortController();
      const more = this.#completions.next(faxId, AbortSignal.any([...ends, found.signal])); // before looking, so that nothing falls in between
      const result = await this.#result(faxId);
      if (result) found.abort();
      await more;
      if (result) return result;
      signal?.throwIfAborted();
      this.#closing.signal.throwIfAborted();
      if (timeout?.aborted) throw new WaitTimeoutError(faxId, timeoutMs ?? 0);
    }
  }

  /**
   * Stops watching a fax: it is polled no more, and has no result and no event. If it was enqueued under two job ids, the other goes on.
   *
   * @returns whether it was watched
   * @throws CancelError if a worker was at it for 30 s
   * @throws PayloadError if the id is none
   */
  async cancel(faxJobId: number | string): Promise<boolean> {
    const { faxId } = parseFaxJob({ faxJobId });
    for (const started = performance.now(); performance.now() - started < CANCEL_PATIENCE_MS; ) {
      const job = await this.#job(faxId);
      if (!job) return false;
      try {
        await job.remove();
      } catch {
        await sleep(CANCEL_AGAIN_MS); // a worker polls it just now
        continue;
      }
      // Not one step: should another job of the fax come in between, at worst it is polled by two, and has one result all the same.
      if ((await this.#redis.get(this.#keys.lease(faxId))) === job.id) await this.#redis.del(this.#keys.lease(faxId));
      await this.#redis.zrem(this.#keys.inFlight, faxId);
      return true;
    }
    throw new CancelError(`fax ${faxId} is still watched: a worker was at it for ${CANCEL_PATIENCE_MS / 1000} s; try again`);
  }

  /** The place in the stream after which all that is still to come will stand: for `events({ since })`. */
  async lastEventId(): Promise<string> {
    return lastEntryId(this.#redis, this.#keys);
  }

  /**
   * The events of finished faxes, in order, each once: those after `since` that the stream still has, then each as it comes.
   * It ends when `signal` is aborted or the client is closed.
   *
   * @param since an event's id (`fax-200`), an entry id of the stream, or `0` for all; what comes from now on if left out
   * @throws EventNotFoundError if the stream does not have that event (any more)
   */
  async *events({ since, signal }: { readonly since?: string; readonly signal?: AbortSignal } = {}): AsyncGenerator<FaxCompletedEvent, void, undefined> {
    const reader = new EventReader(this.#redis, this.#connect(), this.#keys);
    yield* reader.read(since, this.#until(signal));
  }

  /** The operational alerts and their ends, as they come; those of before are in no stream. It ends when `signal` is aborted or the client closed. */
  async *alerts({ signal }: { readonly signal?: AbortSignal } = {}): AsyncGenerator<AlertEvent, void, undefined> {
    yield* readAlerts(this.#connect(), this.#keys, this.#until(signal));
  }

  /** Ends whatever still waits or listens, and closes the client's connections. */
  async close(): Promise<void> {
    this.#closing.abort(new ClosedError('the client is closed'));
    await this.#queue.close();
    for (const redis of this.#open) redis.disconnect();
  }

  #until(signal: AbortSignal | undefined): AbortSignal {
    return signal ? AbortSignal.any([signal, this.#closing.signal]) : this.#closing.signal;
  }

  async #result(faxId: string): Promise<FaxResult | undefined> {
    const hash = await this.#redis.hgetall(this.#keys.status(faxId));
    return Object.keys(hash).length > 0 ? fromHash(hash) : undefined;
  }

  /** The job that watches a fax: the one that polls it, or that will. */
  async #job(faxId: string): Promise<Job | undefined> {
    const id = (await this.#redis.get(this.#keys.lease(faxId))) ?? (await this.#queue.getDeduplicationJobId(dedupId(faxId))) ?? `fax-${faxId}`;
    const job = await this.#queue.getJob(id);
    return job?.finishedOn === undefined ? job : undefined;
  }
}

const dedupId = (faxId: string): string => `fax-${faxId}`;
