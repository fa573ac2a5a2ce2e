import type { ClassificationRule } from '../fax-api/classification-rules.ts';
import type { HistoryEntry } from '../fax-api/history-answer.ts';
import type { SurvivalCurve } from '../schedule/worth.ts';
import type { Hint } from './hint.ts';
import { PageMap, type PageWorth, type WatchedFax } from './page-map.ts';
import { firstMeaning, NO_RECORD, pollsFor, provesPending, type WordRecord } from './words.ts';

/** What a page of the list says. */
export type Reading = {
  /** Faxes in flight that look final. */
  readonly hints: readonly { readonly faxId: string; readonly hint: Hint }[];
  /** Faxes in flight that were pending just now, as far as the list is believed. */
  readonly pending: readonly WatchedFax[];
  /** Words that stand for pending, with how often a poll agreed, and how often the fax had its result. */
  readonly evidence: ReadonlyMap<string, Pick<WordRecord, 'pending' | 'stale'>>;
};

export type ViewOptions = {
  readonly rules: readonly ClassificationRule[];
  /** Entries of a page that are asked for. */
  readonly pageSize: number;
  /** Time until the same fax is hinted at again, ms; it doubles each time. */
  readonly hintAgainMs: number;
  /** How long the list may speak for a fax without a poll of its own, ms: an entry may be wrong for good. */
  readonly coveredMs: number;
};

const MOST_WORDS = 50; // an API that puts a date into each word must not fill Redis
// Faxes at once that a list may send ahead before it has proved right: with one word, so that a word which stands for
// faxes under way does not keep others from being tried; and in all.
const ON_TRIAL = { word: 3, all: 9 };
const GONE_KEPT = 1_000;

/** The list of faxes as one worker sees it: where faxes in flight are on it, and what it says of them. No effects. */
export class HistoryView {
  readonly #options: ViewOptions;
  readonly #map = new PageMap();
  #faxes: ReadonlyMap<string, WatchedFax> = new Map();
  /** Since when each fax has been seen pending by its own polls, ms since 1970. */
  readonly #polledAt = new Map<string, number>();
  readonly #coveredAt = new Map<string, number>();
  readonly #listedAs = new Map<string, { readonly word: string; readonly at: number }>();
  readonly #hinted = new Map<string, { readonly word: string; readonly at: number; readonly times: number }>();
  /** Faxes that are no longer in flight; the oldest first. */
  readonly #gone = new Set<string>();
  #agreed = new Map<string, number>();
  #largest = 0;

  constructor(options: ViewOptions) {
    this.#options = options;
  }

  /** The page that is worth most now. @param leastMs time between two looks at one page, ms */
  best(curve: SurvivalCurve, now: number, leastMs: number): PageWorth | undefined {
    return this.#map.best(curve, now, leastMs);
  }

  /**
   * The faxes in flight as of now.
   *
   * @param faxes the newest first
   * @param all whether there are no others
   * @returns those in flight no more that were looked for and not shown as final
   */
  renew(faxes: readonly WatchedFax[], all: boolean): string[] {
    const unshown: string[] = [];
    this.#faxes = new Map(faxes.map((fax) => [fax.faxId, fax]));
    for (const { faxId, pendingAt } of faxes) {
      if (pendingAt === this.#coveredAt.get(faxId)) continue;
      this.#polledAt.set(faxId, pendingAt);
      const listed = this.#listedAs.get(faxId);
      if (listed && pendingAt > listed.at) {
        this.#agreed.set(listed.word, (this.#agreed.get(listed.word) ?? 0) + 1);
        this.#listedAs.delete(faxId);
      }
    }
    // One older than all of these may have been left out for newer ones: nobody knows whether it is still in flight.
    const oldestAt = all ? -Infinity : (faxes.at(-1)?.enqueuedAt ?? Infinity);
    for (const { faxId, lookedAt, enqueuedAt } of this.#map.renew(faxes, this.#largest || this.#options.pageSize)) {
      const gone = enqueuedAt > oldestAt;
      if (gone && lookedAt > 0 && !this.#hinted.has(faxId)) unshown.push(faxId);
      for (const kept of [this.#polledAt, this.#coveredAt, this.#listedAs, this.#hinted]) kept.delete(faxId);
      if (!gone) continue;
      this.#gone.add(faxId);
      if (this.#gone.size > GONE_KEPT) this.#gone.delete(this.#gone.values().next().value ?? '');
    }
    return unshown;
  }

  /**
   * Reads a page.
   *
   * @param page from 1
   * @param words what is known of words so far
   * @param trusted whether hints of the list have proved right
   * @param now ms since 1970
   */
  read(
    page: number,
    entries: readonly HistoryEntry[],
    words: ReadonlyMap<string, WordRecord>,
    trusted: boolean,
    now: number,
  ): Reading {
    const seen = new Map<string, { final: boolean }>();
    const hints: Reading['hints'][number][] = [];
    const pending: WatchedFax[] = [];
    const evidence = new Map<string, { pending: number; stale: number }>();
    const known = new Set(words.keys());
    const onTrial = this.#wordsHintedSince(now - this.#options.hintAgainMs);
    for (const { faxId, word } of entries) {
      if (word === '' || (!known.has(word) && known.size >= MOST_WORDS)) continue;
      known.add(word);
      const record = words.get(word) ?? NO_RECORD;
      const first = firstMeaning(word, this.#options.rules);
      const polls = pollsFor(record, first);
      const fax = this.#faxes.get(faxId);
      if (!fax) {
        if (polls === 0 && this.#gone.delete(faxId)) add(evidence, word, 'stale');
        continue;
      }
      seen.set(faxId, { final: polls > 0 });
      if (polls > 0) {
        if (!this.#mayHint(faxId, now) || (!trusted && !mayTry(word, onTrial))) continue;
        onTrial.push(word);
        this.#hinted.set(faxId, { word, at: now, times: (this.#hinted.get(faxId)?.times ?? 0) + 1 });
        hints.push({ faxId, hint: { source: 'history', pollsLeft: polls, word } });
        continue;
      }
      this.#listedAs.set(faxId, this.#listedAs.get(faxId) ?? { word, at: now });
      const covered = now - (this.#polledAt.get(faxId) ?? fax.enqueuedAt) < this.#options.coveredMs;
      if (trusted && covered && provesPending(record, first)) {
        pending.push({ ...fax, pendingAt: now });
        this.#coveredAt.set(faxId, now);
      }
    }
    for (const [word, times] of this.#agreed) add(evidence, word, 'pending', times);
    this.#agreed = new Map();
    this.#largest = Math.max(this.#largest, entries.length);
    const full = entries.length > 0 && entries.length >= this.#largest;
    this.#map.look({ page, seen, full, share: Math.min(1, entries.length / this.#options.pageSize), now });
    return { hints, pending, evidence };
  }

  #wordsHintedSince(from: number): string[] {
    return [...this.#hinted.values()].filter(({ at }) => at >= from).map(({ word }) => word);
  }

  #mayHint(faxId: string, now: number): boolean {
    const before = this.#hinted.get(faxId);
    return !before || now - before.at >= this.#options.hintAgainMs * 2 ** (before.times - 1);
  }
}

const mayTry = (word: string, onTrial: readonly string[]): boolean =>
  onTrial.length < ON_TRIAL.all && onTrial.filter((each) => each === word).length < ON_TRIAL.word;

function add(
  evidence: Map<string, { pending: number; stale: number }>,
  word: string,
  what: 'pending' | 'stale',
  times = 1,
): void {
  const found = evidence.get(word) ?? { pending: 0, stale: 0 };
  found[what] += times;
  evidence.set(word, found);
}

/** Whether a page has the oldest fax first: then new ones are on the last page, wherever that is. Pure. */
export function oldestFirst(entries: readonly HistoryEntry[]): boolean {
  const dates = entries.flatMap(({ createdAt }) => (createdAt === undefined ? [] : [createdAt]));
  const [first, last] = [dates[0], dates.at(-1)];
  return first !== undefined && last !== undefined && first < last;
}
