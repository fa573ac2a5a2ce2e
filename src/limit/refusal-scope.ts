/** A 401, 403 or 429, and what is known beside it. Times are ms since 1970, by Redis's clock; 0 for never. */
export type RefusalContext = {
  readonly reason: 'unauthorized' | 'rate_limited';
  /** When this fax was refused before, if it has had no other answer since. */
  readonly refusedBeforeAt: number;
  /** Whether that refusal was of this fax alone. */
  readonly refusedAloneBefore: boolean;
  /**
   * When a fax that the API never answered for was last refused, if this is such a fax too and some were found to be
   * refused alone lately; else 0.
   */
  readonly loneRefusalAt: number;
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
 * other workers are answered. Where faxes were refused alone lately, the first refusal of a new one is taken for another
 * of them, unless nothing was answered since the one before. Pure.
 */
export type RefusalScope = 'everyone' | 'fax' | 'worker';

export function refusalScope(context: RefusalContext): RefusalScope {
  const { reason, refusedBeforeAt, workerAnsweredAt, othersAnsweredAt, unauthorizedFaxes, unauthorizedSince } = context;
  const oldKey = reason === 'unauthorized' && unauthorizedFaxes > 1 && othersAnsweredAt > unauthorizedSince;
  if (oldKey) return 'worker';
  if (context.refusedAloneBefore) return 'fax'; // whether there are others to answer now or not
  const before = refusedBeforeAt > 0 ? refusedBeforeAt : context.loneRefusalAt;
  const othersAreAnswered = Math.max(workerAnsweredAt, othersAnsweredAt) > before;
  return before > 0 && othersAreAnswered ? 'fax' : 'everyone';
}
