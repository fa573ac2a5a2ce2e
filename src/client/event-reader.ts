import { once } from 'node:events';
import type { Keys } from '../keys.ts';
import type { RedisClient } from '../redis/redis-client.ts';
import type { FaxCompletedEvent } from '../results/event.ts';
import { subscribe } from './subscribe.ts';

const PAGE = 500;
const LOOK_AGAIN_MS = 5_000; // should a publication have gone by while the subscriber was reconnecting

/** The stream does not have the event that reading was to go on from: it was trimmed away, or never was. */
export class EventNotFoundError extends Error {
  override readonly name = 'EventNotFoundError';
  readonly code = 'ERR_EVENT_NOT_FOUND';
}

/**
 * Reads events without gap or repetition: the stream is what is read, and a publication only says that there is more. So
 * catching up and following live are one thing, and a lost connection loses nothing.
 */
export class EventReader {
  readonly #redis: RedisClient;
  readonly #subscriber: RedisClient;
  readonly #keys: Keys;

  constructor(redis: RedisClient, subscriber: RedisClient, keys: Keys) {
    this.#redis = redis;
    this.#subscriber = subscriber;
    this.#keys = keys;
  }

  async *read(since: string | undefined, signal: AbortSignal): AsyncGenerator<FaxCompletedEvent, void, undefined> {
    await subscribe(this.#subscriber, this.#keys.completed); // before the first look, so that nothing falls in between
    try {
      let last = await this.#entryId(since);
      const ended = (): boolean => signal.aborted;
      while (!ended()) {
        const stop = new AbortController();
        const more = this.#more(AbortSignal.any([signal, stop.signal]));
        const entries = await this.#redis.xrange(this.#keys.events, `(${last}`, '+', 'COUNT', PAGE);
        for (const [id, fields] of entries) {
          last = id;
          yield JSON.parse(fields[1] ?? '') as FaxCompletedEvent;
          if (ended()) break;
        }
        if (entries.length > 0) stop.abort();
        await more;
      }
    } finally {
      this.#subscriber.disconnect();
    }
  }

  /** Resolves at the next publication, after a while, or when told to stop; a wake-up from here on is not lost. */
  async #more(stop: AbortSignal): Promise<void> {
    const either = AbortSignal.any([stop, AbortSignal.timeout(LOOK_AGAIN_MS)]);
    await once(this.#subscriber, 'message', { signal: either }).catch(() => undefined);
  }

  async #entryId(since: string | undefined): Promise<string> {
    if (since === undefined) return lastEntryId(this.#redis, this.#keys);
    if (/^\d+(-\d+)?$/.test(since)) return since;
    for (let end = '+'; ; ) {
      const page = await this.#redis.xrevrange(this.#keys.events, end, '-', 'COUNT', PAGE);
      for (const [id, fields] of page) if ((JSON.parse(fields[1] ?? '{}') as { id?: string }).id === since) return id;
      const oldest = page.at(-1)?.[0];
      if (oldest === undefined) throw new EventNotFoundError(`no event ${since} in the stream: it may have been trimmed away; 0 reads all that is left`);
      end = `(${oldest}`;
    }
  }
}

/** The id of the newest entry of the stream, or 0 if it is empty. */
export async function lastEntryId(redis: RedisClient, keys: Keys): Promise<string> {
  return (await redis.xrevrange(keys.events, '+', '-', 'COUNT', 1))[0]?.[0] ?? '0';
}
