import type { Settings } from '../settings/table.ts';
import type { Keys } from '../contract/keys.ts';
import type { RedisClient } from '../redis/redis-client.ts';
import { loadScript, type Script } from '../redis/script.ts';
import { completedEvent } from '../contract/event.ts';
import { COUNTS_KEPT_SECONDS, countsAt, LETTER_OF } from './counts.ts';
import { fromHash, toHash, type FaxResult } from '../contract/result.ts';

/** Stores results and publishes their events. */
export class ResultStore {
  readonly #redis: RedisClient;
  readonly #keys: Keys;
  readonly #settings: Pick<Settings, 'RESULT_TTL_SECONDS' | 'EVENTS_STREAM_MAXLEN'>;
  readonly #account: string | undefined;
  readonly #finish: Script<string[]>;

  /** @param account whose results they are; undefined in a service without accounts */
  constructor(
    redis: RedisClient,
    keys: Keys,
    settings: Pick<Settings, 'RESULT_TTL_SECONDS' | 'EVENTS_STREAM_MAXLEN'>,
    account?: string,
  ) {
    this.#redis = redis;
    this.#keys = keys;
    this.#settings = settings;
    this.#account = account;
    this.#finish = loadScript(redis, new URL('./result-finish.lua', import.meta.url));
  }

  /**
   * Stores a result, adds its event to the stream and publishes it, as one atomic step. A second attempt changes
   * nothing. It is counted in the minute in which it was found.
   *
   * @param lagCeilingMs how late it was found at most, ms
   * @returns the result in force: the one given, or the one that was there before
   */
  async finish(faxId: string, result: FaxResult, lagCeilingMs: number): Promise<FaxResult> {
    const { RESULT_TTL_SECONDS, EVENTS_STREAM_MAXLEN } = this.#settings;
    const { status, events, lease, inFlight, standBys, candidates, chosen, hinted, hints } = this.#keys;
    const keys = [status(faxId), events, lease(faxId), inFlight, standBys(faxId), candidates, chosen, hinted, hints];
    const counts = countsAt(this.#keys, Date.parse(result.completedAt));
    keys.push(counts.key);
    const timed = result.state === 'sent' || result.state === 'failed'; // of the others nobody knows when they ended
    const lagMs = timed ? Math.round(lagCeilingMs) : 0;
    const event = JSON.stringify(completedEvent(result, this.#account));
    const fields = Object.entries(toHash(result)).flat();
    const existing = await this.#finish(keys, [
      this.#keys.completed,
      event,
      RESULT_TTL_SECONDS,
      EVENTS_STREAM_MAXLEN,
      faxId,
      counts.field(LETTER_OF[result.state]),
      counts.field('l'),
      lagMs,
      COUNTS_KEPT_SECONDS,
      ...fields,
    ]);
    return existing.length === 0 ? result : fromHash(pairs(existing));
  }

  /**
   * Publishes the event of a stored result again, for someone who enqueued the fax again and waits. The stream gains no
   * second entry.
   */
  async publishAgain(result: FaxResult): Promise<void> {
    await this.#redis.publish(this.#keys.completed, JSON.stringify(completedEvent(result, this.#account)));
  }

  /** The result of a fax, if it has one that has not expired. */
  async get(faxId: string): Promise<FaxResult | undefined> {
    const hash = await this.#redis.hgetall(this.#keys.status(faxId));
    return Object.keys(hash).length === 0 ? undefined : fromHash(hash);
  }
}

/** A reply of alternating fields and values as an object. */
export function pairs(flat: readonly string[]): Record<string, string> {
  const object: Record<string, string> = {};
  for (let i = 0; i + 1 < flat.length; i += 2) object[flat[i] as string] = flat[i + 1] as string;
  return object;
}
