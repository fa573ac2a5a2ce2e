import { tellsNothing, type WordRecord } from './words.ts';

/** Whether the list of faxes is of use, as all workers know it. Times are ms since 1970. */
export type HistoryTrust = {
  /** Whether hints of the list have proved right since it was last stopped. */
  readonly trusted: boolean;
  /** Until when no request of the list is made; 0 for not stopped. */
  readonly stoppedUntil: number;
  /** Stops in a row without a hint that proved right. */
  readonly stops: number;
};

const FIRST_STOP_MS = 60_000;
const LONGEST_STOP_MS = 6 * 60 * 60_000;

/** How long the sweep stops after so many stops in a row before this one, ms. Pure. */
export const stopMs = (stops: number): number => Math.min(FIRST_STOP_MS * 2 ** stops, LONGEST_STOP_MS);

/** What came of the list since the sweep last began. */
export type Yield = {
  /** Hints that proved right. */
  readonly confirmed: number;
  /** Faxes that finished, since a hint last proved right, without the list having shown them as final before. */
  readonly missedInARow: number;
  /** Requests of the list, since a hint last proved right. */
  readonly askedInARow: number;
};

/** What is counted from any moment on: faxes that finished without being shown as final, and requests of the list. */
export type Counted = { readonly missed: number; readonly asked: number };

const ENOUGH_MISSED = 10;
// Many faxes that finish at once, or a fast pace, must not count against a list that was hardly looked at meanwhile.
const ENOUGH_ASKED = 3;

/** Why the list is of no use; undefined as long as it may be. Pure. */
export function whyUseless(
  { confirmed, missedInARow, askedInARow }: Yield,
  words: ReadonlyMap<string, WordRecord>,
): string | undefined {
  if (confirmed === 0 && [...words.values()].some(tellsNothing)) {
    return 'it has the same word for finished faxes and others';
  }
  if (missedInARow >= ENOUGH_MISSED && askedInARow >= ENOUGH_ASKED)
    return `${ENOUGH_MISSED} faxes finished that it did not show first`;
  return undefined;
}

/**
 * Counts what comes of the list, from its first look on. Counts that fell were lost, or halved with age: it begins
 * again with what is left. No effects.
 */
export class Trial {
  #begunWith: number | undefined; // hints that had proved right by then
  #confirmed = 0;
  #since: Counted = { missed: 0, asked: 0 }; // when a hint last proved right

  look(words: ReadonlyMap<string, WordRecord>, counted: Counted): Yield {
    let confirmed = 0;
    for (const record of words.values()) confirmed += record.confirmed;
    const begins = this.#begunWith === undefined || confirmed < this.#confirmed;
    if (begins) this.#begunWith = confirmed;
    if (begins || confirmed > this.#confirmed) this.#since = counted;
    this.#confirmed = confirmed;
    return {
      confirmed: confirmed - (this.#begunWith ?? 0),
      missedInARow: counted.missed - this.#since.missed,
      askedInARow: counted.asked - this.#since.asked,
    };
  }
}
