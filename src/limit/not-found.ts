/** The 404s since the last other answer, by all workers. */
export type NotFoundStreak = {
  readonly answers: number;
  /** Of how many faxes they were. */
  readonly faxes: number;
  /** Other faxes that are polled besides; those whose jobs are gone do not stay among them. */
  readonly others: number;
};

/** What a 404 says: that the API does not know this fax, that it seems to know none, or too little yet. */
export type NotFoundMeaning = 'of_this_fax' | 'of_all' | 'unclear';

const ANSWERS = 10; // in a row, before they say anything about the API itself
const FAXES = 5;

/**
 * What a 404 says, as a wrong base path is answered with 404 for every fax. Pure.
 *
 * @param answeredOtherwise whether this process has had any other answer; before that, a streak that is still short
 *   proves nothing
 */
export function notFoundMeaning(
  { answers, faxes, others }: NotFoundStreak,
  answeredOtherwise: boolean,
): NotFoundMeaning {
  if (answers >= ANSWERS && faxes >= FAXES) return 'of_all';
  return answeredOtherwise || others + 1 < FAXES ? 'of_this_fax' : 'unclear';
}
