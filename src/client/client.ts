import { setTimeout as sleep } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import type { AlertEvent } from '../contract/alert.ts';
import { keysOf, type Keys } from '../contract/keys.ts';
import { parseFaxJob } from '../contract/fax-job.ts';
import type { Space } from '../contract/space.ts';
import { parseProgress, type FaxProgress } from '../contract/progress.ts';
import type { RedisClient } from '../redis/redis-client.ts';
import type { FaxCompletedEvent } from '../contract/event.ts';
import { fromHash, type FaxResult } from '../contract/result.ts';
import { accountSpace, checkAccountName, completedChannels } from './account-space.ts';
import { BoundedRedis } from './bounded-redis.ts';
import { Completions } from './completions.ts';
import { endedBy } from './ended-by.ts';
import { inBatches, type OnRefused, type TrackedFax, type TrackOptions } from './enqueue.ts';
import { CancelError, ClosedError, RedisUnavailableError, WaitTimeoutError } from './errors.ts';
import { EventReader, lastEntryId } from './event-reader.ts';
import { findJob, removeJob } from './fax-jobs.ts';
import { nextPollAt } from './next-poll.ts';
import { readPublished } from './published.ts';
import { Subscription } from './subscription.ts';

export type ClientOptions = {
  /**
   * The Redis of the service: its URL (`redis://127.0.0.1:6379` if left out), or for sentinels and clusters a function
   * that connects. It is called for each connection that is needed; the client closes them all.
   */
  readonly redis?: string | (() => RedisClient);
  /** As in the settings of the service: `fax-status`, `bull` and `fax:` if left out. */
  readonly queueName?: string;
  readonly queuePrefix?: string;
  readonly keyPrefix?: string;
  /**
   * Which account of the service the faxes are of: a name in its `ACCOUNTS_FILE`. Left out for a service without
   * accounts. On a cluster each account has its own slot, and the prefixes above are then given without braces.
   */
  readonly account?: string;
  /** How long a call may wait for Redis, ms: 10,000 if left out. */
  readonly commandTimeoutMs?: number;
};

/** How far a fax is that is not final yet. What else its job carries is the workers' own. */
export type PollsSoFar = Pick<FaxProgress, 'polls' | 'apiStatus' | 'lastMessage' | 'lastPollAt' | 'nextPollAt'>;

/** What is known of a fax. Times are ISO 8601, UTC. */
export type FaxStatus =
  | { readonly kind: 'done'; readonly result: FaxResult }
  | ({ readonly kind: 'in_flight'; readonly enqueuedAt: string } & PollsSoFar)
  | { readonly kind: 'unknown' };

const CANCEL_PATIENCE_MS = 30_000; // longer than a poll takes
const CANCEL_AGAIN_MS = 50;

/**
 * For other services: tracks faxes, and tells how they ended.
 *
 * Every call ends, even while Redis is away. Besides the errors named at each, all of them reject with
 * RedisUnavailableError if Redis does not answer within `commandTimeoutMs`, with RedisReplyError if it refuses a
 * command, and with ClosedError once the client is closed.
 */
export class FaxStatusClient {
  readonly #connect: () => BoundedRedis;
  readonly #redis: BoundedRedis;
  readonly #queue: Queue;
  readonly #whole: Space;
  readonly #keys: Keys;
  readonly #open = new Set<RedisClient>();
  readonly #closing = new AbortController();
  #completions: Completions | undefined;

  /** @throws AccountError if no account can have that name, or if on a cluster a prefix has braces besides */
  constructor({
    redis = 'redis://127.0.0.1:6379',
    queueName = 'fax-status',
    queuePrefix = 'bull',
    keyPrefix = 'fax:',
    account,
    commandTimeoutMs = 10_000,
  }: ClientOptions = {}) {
    if (account !== undefined) checkAccountName(account);
    this.#connect = () => {
      const connection = typeof redis === 'string' ? new Redis(redis) : redis();
      connection.once('end', () => this.#open.delete(connection));
      this.#open.add(connection);
      return new BoundedRedis(connection, commandTimeoutMs, this.#closing.signal);
    };
    this.#redis = this.#connect();
    this.#whole = { queueName, queuePrefix, keyPrefix };
    const space = this.#spaceOf(account);
    this.#keys = keysOf(space.keyPrefix);
    this.#queue = new Queue(space.queueName, {
      connection: this.#redis.client,
      prefix: space.queuePrefix,
      skipMetasUpdate: true,
    });
    this.#queue.on('error', () => undefined); // each call rejects by itself
  }

  /**
   * Starts watching a fax. A fax already in flight stays as it is. If a fax has its result, its event is published
   * again.
   *
   * @throws PayloadError if the id is neither a positive whole number nor 1 to 64 of `A-Z a-z 0-9 _ -`, the metadata no
   *   JSON object of at most 4 KiB, or the deadline no positive whole number
   */
  async track(faxJobId: number | string, options: TrackOptions = {}): Promise<void> {
    await this.trackMany([{ faxJobId, ...options }]);
  }

  /**
   * Starts watching many faxes: 1,000 per round trip. The next ones are read from the source only when those have been
   * taken, so even a very long source is never held in memory as a whole.
   *
   * @param onRefused called with each fax that `track` would refuse; the others go on. Without it the first such fax
   *   ends the call, and those before it are watched.
   * @returns how many were taken
   * @throws PayloadError of the first refused fax, if there is no `onRefused`
   */
  async trackMany(
    faxes: Iterable<TrackedFax> | AsyncIterable<TrackedFax>,
    { onRefused }: { readonly onRefused?: OnRefused } = {},
  ): Promise<number> {
    return endedBy(this.#closing.signal, this.#trackAll(faxes, onRefused)); // also if the source is slow
  }

  async #trackAll(faxes: Iterable<TrackedFax> | AsyncIterable<TrackedFax>, onRefused?: OnRefused): Promise<number> {
    let taken = 0;
    for await (const jobs of inBatches(faxes, onRefused)) {
      await this.#redis.run(() => this.#queue.addBulk(jobs));
      taken += jobs.length;
    }
    return taken;
  }

  /**
   * The result of a fax, or its progress: last message, polls, next poll (null if it is due).
   *
   * @throws PayloadError if the id is none
   */
  async status(faxJobId: number | string): Promise<FaxStatus> {
    const { faxId } = parseFaxJob({ faxJobId });
    const result = await this.#result(faxId);
    if (result) return { kind: 'done', result };
    const found = await this.#redis.run(async (client) => {
      const job = await findJob(client, this.#queue, this.#keys, faxId);
      if (!job) return undefined;
      const progress = parseProgress(job.progress);
      return { job, progress, nextPollAt: await nextPollAt(client, this.#keys, progress) };
    });
    if (!found) return { kind: 'unknown' };
    const { polls, apiStatus, lastMessage, lastPollAt } = found.progress;
    const enqueuedAt = new Date(found.job.timestamp).toISOString();
    return { kind: 'in_flight', enqueuedAt, polls, apiStatus, lastMessage, lastPollAt, nextPollAt: found.nextPollAt };
  }

  /**
   * Waits until a fax is final, whoever tracked it; returns at once if it already is. A fax that nobody has tracked is
   * waited for, too. If Redis goes away after the first look, waiting goes on until it is back.
   *
   * @param timeoutMs how long at most, ms; without end if left out
   * @throws WaitTimeoutError after `timeoutMs`
   * @throws the signal's reason when it is aborted
   * @throws PayloadError if the id is none
   */
  async wait(
    faxJobId: number | string,
    { timeoutMs, signal }: { readonly timeoutMs?: number; readonly signal?: AbortSignal } = {},
  ): Promise<FaxResult> {
    const { faxId } = parseFaxJob({ faxJobId });
    this.#closing.signal.throwIfAborted();
    const timeout = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
    const end = AbortSignal.any([timeout, this.#until(signal)].filter((each) => each !== undefined));
    try {
      return await endedBy(end, this.#finished(faxId, end));
    } catch (error) {
      if (timeout?.aborted && error === timeout.reason) throw new WaitTimeoutError(faxId, timeoutMs ?? 0);
      throw error;
    }
  }

  async #finished(faxId: string, end: AbortSignal): Promise<FaxResult> {
    this.#completions ??= new Completions(new Subscription(this.#connect(), { channel: this.#keys.completed }));
    const completions = this.#completions;
    await completions.ready();
    const done = new AbortController();
    const stop = AbortSignal.any([end, done.signal]);
    try {
      for (let first = true; ; first = false) {
        const more = completions.next(faxId, stop); // before looking, so that nothing is missed in between
        const result = await (first ? this.#result(faxId) : this.#resultOnceBack(faxId));
        if (result) return result;
        await more;
        end.throwIfAborted();
      }
    } finally {
      done.abort();
    }
  }

  /**
   * Stops watching a fax: it is no longer polled, and gets no result and no event. If it was enqueued under two job
   * ids, the other goes on.
   *
   * @returns whether it was watched
   * @throws CancelError if a worker was busy with it for 30 s
   * @throws PayloadError if the id is none
   */
  async cancel(faxJobId: number | string): Promise<boolean> {
    const { faxId } = parseFaxJob({ faxJobId });
    for (const started = performance.now(); performance.now() - started < CANCEL_PATIENCE_MS;) {
      const outcome = await this.#redis.run((client) => removeJob(client, this.#queue, this.#keys, faxId));
      if (outcome !== 'busy') return outcome === 'removed';
      await sleep(CANCEL_AGAIN_MS); // a worker is polling it
    }
    throw new CancelError(
      `fax ${faxId} is still watched: a worker was at it for ${CANCEL_PATIENCE_MS / 1000} s; try again`,
    );
  }

  /** The end of the stream: `events({ since })` from here gives only what is still to come. */
  async lastEventId(): Promise<string> {
    return this.#redis.run((client) => lastEntryId(client, this.#keys));
  }

  /**
   * The events of finished faxes, in order, each once: those after `since` that the stream still has, then each as it
   * comes. Once started it goes on when Redis is away for a while. It ends when `signal` is aborted or the client is
   * closed.
   *
   * @param since an event's id (`fax-200`), an entry id of the stream, or `0` for all; what comes from now on if left
   *   out
   * @throws EventNotFoundError if the stream does not have that event (any more)
   * @throws EventsTrimmedError if events after `since`, or after the last one read, were trimmed away meanwhile
   */
  async *events({ since, signal }: { readonly since?: string; readonly signal?: AbortSignal } = {}): AsyncGenerator<
    FaxCompletedEvent,
    void,
    undefined
  > {
    this.#closing.signal.throwIfAborted();
    const published = new Subscription(this.#connect(), { channel: this.#keys.completed });
    yield* new EventReader(this.#redis, published, this.#keys).read(since, this.#until(signal));
  }

  /**
   * The events of finished faxes of all accounts, as they come, whichever account the client is for: `account` of each
   * says whose it is. Events published earlier, or while Redis is away, are not read again; `events` of a client for
   * one account does that. It ends when `signal` is aborted or the client is closed.
   *
   * @throws AccountError if on a cluster a prefix has braces
   */
  async *eventsOfAllAccounts({ signal }: { readonly signal?: AbortSignal } = {}): AsyncGenerator<
    FaxCompletedEvent,
    void,
    undefined
  > {
    this.#closing.signal.throwIfAborted();
    const channels = completedChannels(this.#whole, this.#redis.client.isCluster);
    const published = new Subscription(this.#connect(), { pattern: channels.pattern });
    yield* readPublished(published, this.#until(signal), channels.has);
  }

  /**
   * The operational alerts and their ends, as they come. Alerts published earlier, or while Redis is away, are not
   * kept. It ends when `signal` is aborted or the client is closed.
   */
  async *alerts({ signal }: { readonly signal?: AbortSignal } = {}): AsyncGenerator<AlertEvent, void, undefined> {
    this.#closing.signal.throwIfAborted();
    yield* readPublished(new Subscription(this.#connect(), { channel: this.#keys.alerts }), this.#until(signal));
  }

  /** Ends whatever still waits or listens, and closes the client's connections, also while Redis is away. */
  async close(): Promise<void> {
    this.#closing.abort(new ClosedError('the client is closed'));
    for (const redis of this.#open) redis.disconnect();
    await this.#queue.close();
  }

  #spaceOf(account: string | undefined): Space {
    try {
      return accountSpace(this.#whole, account, this.#redis.client.isCluster);
    } catch (error) {
      this.#redis.client.disconnect();
      throw error;
    }
  }

  #until(signal: AbortSignal | undefined): AbortSignal {
    return signal ? AbortSignal.any([signal, this.#closing.signal]) : this.#closing.signal;
  }

  async #result(faxId: string): Promise<FaxResult | undefined> {
    const hash = await this.#redis.run((client) => client.hgetall(this.#keys.status(faxId)));
    return Object.keys(hash).length > 0 ? fromHash(hash) : undefined;
  }

  /** As #result, but undefined while Redis is away. */
  async #resultOnceBack(faxId: string): Promise<FaxResult | undefined> {
    try {
      return await this.#result(faxId);
    } catch (error) {
      if (error instanceof RedisUnavailableError && !this.#redis.ended) return undefined;
      throw error;
    }
  }
}
