import type { Verdict } from '../fax-api/classify.ts';
import type { Outcome } from '../results/result.ts';

/** What is known of a fax when its answer has come. Ages are ms since it was enqueued. */
export type Situation = {
  readonly verdict: Verdict;
  readonly ageMs: number;
  /** Server faults in a row before this answer. */
  readonly faults: number;
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
 * A refusal never ends a fax, however old it is: it tells of the key or the limit, not of the fax.
 */
export function decide({ verdict, ageMs, faults, deadlineMs, notFoundGraceMs }: Situation): Decision {
  const tooOld = ageMs >= deadlineMs;
  switch (verdict.kind) {
    case 'sent':
      return { do: 'finish', outcome: { state: 'sent', reason: 'ok' } };
    case 'failed':
      return { do: 'finish', outcome: { state: 'failed', reason: verdict.reason } };
    case 'unauthorized':
    case 'rate_limited':
      return { do: 'put_back' };
    case 'not_found':
      if (ageMs >= notFoundGraceMs) return { do: 'finish', outcome: { state: 'not_found', reason: 'not_found' } };
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
