import { classify } from '../fax-api/classify.ts';
import type { ClassificationRule } from '../fax-api/classification-rules.ts';
import { BELIEVED_POLLS } from './hint.ts';

/**
 * What was learned of a word by which the list of faxes gives a fax's status: nobody documents these words. Counts are
 * halved whenever the sweep has to stop.
 */
export type WordRecord = {
  /** Polls that it led to and that found the fax final. */
  readonly confirmed: number;
  /** Polls that it led to and that found the fax not final. */
  readonly early: number;
  /** Times that a fax listed with it was found pending by a poll later on. */
  readonly pending: number;
  /** Times that it stood at a fax that had its result. */
  readonly stale: number;
};

/** What a word means to the classification rules: as a status, or as a message. */
export type FirstMeaning = 'final' | 'pending' | 'unknown';

export const NO_RECORD: WordRecord = { confirmed: 0, early: 0, pending: 0, stale: 0 };

const TRIALS = 4; // polls that an unknown word is given to prove itself
const PROVEN = 3; // times that must agree before a word counts as known
const STALE_SHARE = 0.2; // of what is known of a word that stands for pending, at most so much may have been stale

/** What the rules say of a word that nobody has seen yet. Pure. */
export function firstMeaning(word: string, rules: readonly ClassificationRule[]): FirstMeaning {
  for (const [apiStatus, message] of [
    [word, ''],
    ['success', word],
  ] as const) {
    const verdict = classify({ kind: 'status', apiStatus, message, userCashBalance: null }, rules).kind;
    if (verdict === 'sent' || verdict === 'failed') return 'final';
    if (verdict === 'pending') return 'pending';
  }
  return 'unknown';
}

/**
 * How many polls an entry with this word may lead to: 0 if it is no hint, 1 if it is being tried. A word that mostly
 * leads to faxes that are not final is no hint. Pure.
 */
export function pollsFor({ confirmed, early }: WordRecord, first: FirstMeaning): number {
  if (first === 'pending') return 0;
  const tried = confirmed + early;
  if (tried < TRIALS) return first === 'final' ? BELIEVED_POLLS : 1;
  return confirmed >= early ? BELIEVED_POLLS : 0;
}

/**
 * Whether a word was tried in vain and also stands at finished faxes: a list with such words does not tell which
 * faxes are finished. Pure.
 */
export function tellsNothing(record: WordRecord): boolean {
  const { confirmed, early, stale } = record;
  return confirmed + early >= TRIALS && early > confirmed && stale >= PROVEN;
}

/** Whether an entry with this word counts as an observation that its fax was pending then. Pure. */
export function provesPending(record: WordRecord, first: FirstMeaning): boolean {
  const { pending, stale } = record;
  if (pollsFor(record, first) > 0) return false;
  return pending >= PROVEN && stale <= (pending + stale) * STALE_SHARE;
}
