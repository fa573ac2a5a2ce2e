export const HINT_SOURCES = ['history', 'callback'] as const;

/** Where a hint comes from: Fax.to's list of faxes, or a callback. */
export type HintSource = (typeof HINT_SOURCES)[number];

/**
 * A sign that a fax may be final. It is no result: it decides only which fax is polled next, so a wrong or forged one
 * costs at most a few requests.
 */
export type Hint = {
  readonly source: HintSource;
  /** How many polls it may still lead to, if their answers are not final. */
  readonly pollsLeft: number;
  /** The word of the list that made it a hint; empty for a callback. */
  readonly word: string;
};

/** What a poll that a hint led to said of it. */
export type PollOutcome = 'confirmed' | 'early';

export const HINT_OUTCOMES = ['confirmed', 'early', 'unwatched'] as const;

/** What came of a hint; `unwatched` if its fax was not in flight. */
export type HintOutcome = (typeof HINT_OUTCOMES)[number];

/** Who counts hints: the metrics do. */
export type HintObserver = { hinted(source: HintSource, outcome: HintOutcome): void };

/** How many polls a hint leads to that is believed: the hinted one, and two more at the least interval. */
export const BELIEVED_POLLS = 3;

/** As it is kept in Redis. */
export const encodeHint = ({ source, pollsLeft, word }: Hint): string => `${source} ${pollsLeft} ${word}`;

/** Reads it back; undefined if it was written by something else. */
export function decodeHint(text: string): Hint | undefined {
  const { source, left, word } = /^(?<source>history|callback) (?<left>[1-9]) (?<word>.*)$/s.exec(text)?.groups ?? {};
  if (source === undefined || left === undefined || word === undefined) return undefined;
  return { source: source as HintSource, pollsLeft: Number(left), word };
}
