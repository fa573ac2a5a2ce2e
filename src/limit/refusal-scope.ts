/** A 401, 403 or 429, and what is known beside it. Times are ms since 1970, by Redis's clock; 0 for never. */
export type RefusalContext = {
  readonly reason: 'unauthorized' | 'rate_limited';
  /** When this fax was refused before, if it has had no other answer since. */
  readonly refusedBeforeAt: number;
  /** Whether that refusal was of this fax alone. */
  readonly refusedAloneBefore: boolean;
  /**
   * How many faxes that the API never answered for were refused in a row, this one included, without an answer in
   * between, if such faxes are refused alone lately; else 0.
   */
  readonly newInARow: number;
  /** When the worker last sent a request that was answered otherwise. */
  readonly workerAnsweredAt: number;
  /** The same of all other workers. */
  readonly othersAnsweredAt: number;
  /** This worker's 401s since its last other answer: of how many faxes, and when the first came. */
  readonly unauthorizedFaxes: number;
  readonly unauthorizedSince: number;
};

/**
 * Whom a refusal is about: everyone, as the first of its kind must be taken; this fax alone, if others were answered
 * since it was last refused, and from then on; this worker alone, if its key is refused for one fax after another while
 * other workers are answered. Where faxes are refused alone lately, a new one that is refused may be another of them,
 * unless there were several in a row: nobody is stopped until it is refused again. Pure.
 */
export type RefusalScope = 'everyone' | 'fax' | 'maybe_fax' | 'worker';

const MOST_IN_A_ROW = 3;

export function refusalScope(context: RefusalContext): RefusalScope {
  const {
    reason,
    refusedBeforeAt,
    newInARow,
    workerAnsweredAt,
    othersAnsweredAt,
    unauthorizedFaxes,
    unauthorizedSince,
  } = context;
  const oldKey = reason === 'unauthorized' && unauthorizedFaxes > 1 && othersAnsweredAt > unauthorizedSince;
  if (oldKey) return 'worker';
  if (context.refusedAloneBefore) return 'fax'; // whether there are others to answer now or not
  if (newInARow > 0) return newInARow <= MOST_IN_A_ROW ? 'maybe_fax' : 'everyone';
  const othersAreAnswered = Math.max(workerAnsweredAt, othersAnsweredAt) > refusedBeforeAt;
  return refusedBeforeAt > 0 && othersAreAnswered ? 'fax' : 'everyone';
}
