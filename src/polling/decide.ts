import type { Verdict } from '../fax-api/classify.ts';
import type { Outcome } from '../contract/result.ts';

/** What is known of a fax when its answer has come. Ages are ms since it was enqueued. */
export type Situation = {
  readonly verdict: Verdict;
  readonly ageMs: number;
  /**
   * Since a worker first had its job, ms: the grace of a 404 counts from there, as the enqueue time is by the
   * producer's clock.
   */
  readonly claimedMs: number;
  /** Server faults in a row before this answer. */
  readonly faults: number;
  /** Whether a refusal is of this fax alone, as others are answered. */
  readonly refusedAlone: boolean;
  /** Whether a 404 says nothing of this fax, as the API seems to know none. */
  readonly notFoundForAll: boolean;
  readonly deadlineMs: number;
  readonly notFoundGraceMs: number;
};

/** What to do with the job. */
export type Decision =
  | { readonly do: 'finish'; readonly outcome: Outcome }
  | { readonly do: 'poll_again' }
  | { readonly do: 'back_off'; readonly faults: number }
  | { readonly do: 'put_back' };

/**
 * Turns what an answer means into what happens to the job: contract §2, row by row. Pure.
 * A refusal of everyone never ends a fax, however old it is: it tells of the key or the limit, not of the fax.
 */
export function decide(situation: Situation): Decision {
  const { verdict, ageMs, claimedMs, faults, refusedAlone, notFoundForAll, deadlineMs, notFoundGraceMs } = situation;
  const tooOld = ageMs >= deadlineMs;
  switch (verdict.kind) {
    case 'sent':
      return { do: 'finish', outcome: { state: 'sent', reason: 'ok' } };
    case 'failed':
      return { do: 'finish', outcome: { state: 'failed', reason: verdict.reason } };
    case 'unauthorized':
    case 'rate_limited':
      if (!refusedAlone) return { do: 'put_back' };
      if (!tooOld) return { do: 'back_off', faults: faults + 1 };
      break;
    case 'not_found':
      if (!notFoundForAll && claimedMs >= notFoundGraceMs)
        return { do: 'finish', outcome: { state: 'not_found', reason: 'not_found' } };
      break;
    case 'fault':
      if (!tooOld) return { do: 'back_off', faults: faults + 1 };
      break;
    case 'pending':
    case 'unrecognised':
      break;
  }
  return tooOld ? { do: 'finish', outcome: { state: 'expired', reason: 'deadline_exceeded' } } : { do: 'poll_again' };
}
