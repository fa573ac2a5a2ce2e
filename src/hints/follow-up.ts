import type { Verdict } from '../fax-api/classify.ts';
import type { Hint, PollOutcome } from './hint.ts';

/** What the answer to a hinted poll means for its hint. */
export type FollowUp = {
  /** Undefined if the answer says nothing of the fax. */
  readonly outcome: PollOutcome | undefined;
  /** What is left of the hint: it leads to another poll; undefined for none. */
  readonly left: Hint | undefined;
};

/**
 * Whether a hint was right, and whether the fax is polled once more because of it. Fax.to may tell of a fax a moment
 * before its status does. A refusal of everyone costs the hint nothing. Pure.
 *
 * @param refusedAlone whether the answer was a refusal of this fax, while others are answered
 */
export function followUp(hint: Hint, verdict: Verdict, refusedAlone: boolean): FollowUp {
  const { pollsLeft } = hint;
  const left = pollsLeft > 1 ? { ...hint, pollsLeft: pollsLeft - 1 } : undefined;
  switch (verdict.kind) {
    case 'sent':
    case 'failed':
      return { outcome: 'confirmed', left: undefined };
    case 'pending':
    case 'unrecognised':
    case 'not_found':
      return { outcome: 'early', left };
    case 'fault':
      return { outcome: undefined, left };
    case 'unauthorized':
    case 'rate_limited':
      return { outcome: undefined, left: refusedAlone ? undefined : hint };
  }
}
