import type { Keys } from '../contract/keys.ts';
import type { RedisClient } from '../redis/redis-client.ts';
import { loadScript, type Script } from '../redis/script.ts';
import type { PollOutcome } from './hint.ts';
import { stopMs, type HistoryTrust } from './history-trust.ts';
import { NO_RECORD, type WordRecord } from './words.ts';

/** What is known of the list of faxes. */
export type HistoryKnowledge = {
  readonly trust: HistoryTrust;
  readonly words: ReadonlyMap<string, WordRecord>;
  /** Faxes of which a callback was the first to say that they are final: no fault of the list's. */
  readonly byCallback: number;
};

const MOST_COUNTED = 40; // words that come to mean something else are found out, however long they were right
const AGAINST = { confirmed: 'early', early: 'confirmed', pending: 'stale', stale: 'pending' } as const;

/**
 * What all workers have learned of the list of faxes: a hash in Redis with the fields `trusted`, `stoppedUntil`,
 * `stops`, `byCallback`, and for each word `<what>:<word>`, a count.
 */
export class HistoryRecord {
  readonly #redis: RedisClient;
  readonly #key: string;
  readonly #count: Script<null>;

  constructor(redis: RedisClient, keys: Keys) {
    this.#redis = redis;
    this.#key = keys.history;
    this.#count = loadScript(redis, new URL('./word-count.lua', import.meta.url));
  }

  async read(): Promise<HistoryKnowledge> {
    const hash = await this.#redis.hgetall(this.#key);
    const words = new Map<string, WordRecord>();
    for (const [field, count] of Object.entries(hash)) {
      const { what, word } = /^(?<what>confirmed|early|pending|stale):(?<word>.+)$/.exec(field)?.groups ?? {};
      if (what === undefined || word === undefined) continue;
      words.set(word, { ...(words.get(word) ?? NO_RECORD), [what]: Number(count) });
    }
    const { trusted, stoppedUntil, stops, byCallback } = hash;
    return {
      trust: { trusted: trusted === '1', stoppedUntil: Number(stoppedUntil ?? 0), stops: Number(stops ?? 0) },
      words,
      byCallback: Number(byCallback ?? 0),
    };
  }

  /** A callback was the first to say that a fax is final. */
  async onCallback(): Promise<void> {
    await this.#redis.hincrby(this.#key, 'byCallback', 1);
  }

  /** What a poll said that an entry with this word led to. */
  async onOutcome(word: string, outcome: PollOutcome): Promise<void> {
    await this.#add(outcome, word, 1);
  }

  /** An entry with this word was seen to be right about a fax that is pending, or behind its result. */
  async onPending(word: string, what: 'pending' | 'stale', times: number): Promise<void> {
    if (times > 0) await this.#add(what, word, times);
  }

  async trust(): Promise<void> {
    await this.#redis.hset(this.#key, { trusted: 1, stoppedUntil: 0, stops: 0 });
  }

  /**
   * Stops the sweep for a while. What was learned of words counts half from then on, so that they are tried again, and
   * one of which little was known is forgotten: it must not keep others out.
   *
   * @param now ms since 1970
   * @returns until when, ms since 1970
   */
  async stop({ trust, words, byCallback }: HistoryKnowledge, now: number): Promise<number> {
    const stoppedUntil = now + stopMs(trust.stops);
    const halved: Record<string, number> = {};
    for (const [word, record] of words) {
      for (const [what, count] of Object.entries(record)) {
        if (count > 1) halved[`${what}:${word}`] = Math.floor(count / 2);
      }
    }
    await this.#redis
      .multi()
      .del(this.#key)
      .hset(this.#key, { ...halved, byCallback, trusted: 0, stoppedUntil, stops: trust.stops + 1 })
      .exec();
    return stoppedUntil;
  }

  async #add(what: keyof WordRecord, word: string, times: number): Promise<void> {
    await this.#count([this.#key], [`${what}:${word}`, `${AGAINST[what]}:${word}`, times, MOST_COUNTED]);
  }
}
