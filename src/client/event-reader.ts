import type { Keys } from '../contract/keys.ts';
import type { RedisClient } from '../redis/redis-client.ts';
import type { FaxCompletedEvent } from '../contract/event.ts';
import type { BoundedRedis } from './bounded-redis.ts';
import { endedBy } from './ended-by.ts';
import { EventNotFoundError, EventsTrimmedError, RedisReplyError, RedisUnavailableError } from './errors.ts';
import { START, entryId, extentOf, isTrimmedPast, type StreamExtent } from './stream-extent.ts';
import type { Subscription } from './subscription.ts';

const PAGE = 500;

type Entry = [id: string, fields: string[]];

/**
 * Reads events without gap or repetition. It reads the stream; a publication only says that there is more. So catching
 * up and following live are the same, and a lost connection loses nothing.
 */
export class EventReader {
  readonly #redis: BoundedRedis;
  readonly #published: Subscription;
  readonly #keys: Keys;

  /** @param published closed when reading ends */
  constructor(redis: BoundedRedis, published: Subscription, keys: Keys) {
    this.#redis = redis;
    this.#published = published;
    this.#keys = keys;
  }

  async *read(since: string | undefined, signal: AbortSignal): AsyncGenerator<FaxCompletedEvent, void, undefined> {
    try {
      await endedBy(signal, this.#published.ready()); // before the first look, so that nothing is missed in between
      let position = await endedBy(signal, this.#position(since));
      const ended = (): boolean => signal.aborted;
      while (!ended()) {
        const stop = new AbortController();
        const more = this.#published.next(AbortSignal.any([signal, stop.signal]));
        const entries = await endedBy(signal, this.#after(position));
        for (const [id, fields] of entries) {
          position = id;
          yield JSON.parse(fields[1] ?? '') as FaxCompletedEvent;
          if (ended()) break;
        }
        if (entries.length > 0) stop.abort();
        await more;
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      this.#published.close();
    }
  }

  /** The entries after a position; none while Redis is away. @throws EventsTrimmedError if some of them are gone */
  async #after(position: string): Promise<readonly Entry[]> {
    const { events } = this.#keys;
    try {
      // From the position itself on: while its entry is there, nothing after it can have been trimmed.
      const entries = await this.#redis.run((client) => client.xrange(events, position, '+', 'COUNT', PAGE + 1));
      if (entries[0]?.[0] === position) return entries.slice(1);
      if (position === START) return entries;
      const extent = await this.#extent();
      if (isTrimmedPast(position, extent)) throw new EventsTrimmedError(position, extent?.oldestId);
      return entries;
    } catch (error) {
      if (error instanceof RedisUnavailableError && !this.#redis.ended) return [];
      throw error;
    }
  }

  /** What is in the stream; undefined if there is none. */
  async #extent(): Promise<StreamExtent | undefined> {
    try {
      return extentOf(await this.#redis.run((client) => client.xinfo('STREAM', this.#keys.events)));
    } catch (error) {
      if (error instanceof RedisReplyError && error.message.includes('no such key')) return undefined;
      throw error;
    }
  }

  async #position(since: string | undefined): Promise<string> {
    if (since === undefined) return this.#redis.run((client) => lastEntryId(client, this.#keys));
    if (/^\d+(-\d+)?$/.test(since)) return entryId(since);
    for (let end = '+'; ;) {
      const page = await this.#redis.run((client) => client.xrevrange(this.#keys.events, end, '-', 'COUNT', PAGE));
      for (const [id, fields] of page) if ((JSON.parse(fields[1] ?? '{}') as { id?: string }).id === since) return id;
      const oldest = page.at(-1)?.[0];
      if (oldest === undefined) {
        throw new EventNotFoundError(
          `no event ${since} in the stream: it may have been trimmed away; 0 reads all that is left`,
        );
      }
      end = `(${oldest}`;
    }
  }
}

/** The id of the newest entry of the stream, or that of its start if it is empty. */
export async function lastEntryId(redis: RedisClient, keys: Keys): Promise<string> {
  return (await redis.xrevrange(keys.events, '+', '-', 'COUNT', 1))[0]?.[0] ?? START;
}
