import type { FaxProgress } from '../contract/progress.ts';
import type { Outcome } from '../contract/result.ts';
import type { Answer } from '../fax-api/answer.ts';
import type { Verdict } from '../fax-api/classify.ts';
import type { IntervalBounds } from '../schedule/choose.ts';
import { faultBackoff } from '../schedule/fault-backoff.ts';
import type { Signal } from './signals.ts';

/** A fax and the answer that has just come. Times are ms since 1970, by Redis's clock. */
export type Situation = {
  readonly progress: FaxProgress;
  readonly answer: Answer;
  readonly verdict: Verdict;
  /** What the answer means beyond the fax. */
  readonly signal: Signal;
  readonly now: number;
  readonly enqueuedAt: number;
  /**
   * When a worker first had the job: the grace period for a 404 counts from then, as `enqueuedAt` is the producer's
   * clock.
   */
  readonly claimedAt: number;
  readonly deadlineMs: number;
  readonly notFoundGraceMs: number;
  readonly bounds: IntervalBounds;
  /** Whether slots of the pace are left over. */
  readonly idle: boolean;
  /** The delay of a job that is only there as the safety net, ms. */
  readonly netMs: number;
  /** From 0 up to 1. */
  readonly random: number;
};

/** What happens to the job. */
export type Next =
  | { readonly do: 'finish'; readonly outcome: Outcome }
  /** The fax is a candidate for the next slots; its job comes back after `ms` as the safety net. */
  | { readonly do: 'compete'; readonly ms: number }
  /** The job comes back after `ms`, and is polled then. */
  | { readonly do: 'wait'; readonly ms: number }
  /** The job is free at once, for another worker. */
  | { readonly do: 'put_back' };

export type Step = { readonly progress: FaxProgress; readonly next: Next };

const REFUSED_MAX_MS = 300_000; // between two polls of a fax that is refused while others are answered
// In a row: one fault after an outage of the service itself says nothing about a fax that may have been sent long ago.
const FAULTS_AT_DEADLINE = 3;
const EXPIRED: Next = { do: 'finish', outcome: { state: 'expired', reason: 'deadline_exceeded' } };

/**
 * Takes a fax one step further: its progress after an answer, and what happens to its job. Every row of the contract's
 * table of answers is decided here. Pure.
 *
 * A refusal of everyone never ends a fax, however old it is: it is about the key or the limit, not the fax.
 */
export function step(situation: Situation): Step {
  const { now } = situation;
  const progress = progressAfter(situation);
  const next = nextOf(situation, progress);
  switch (next.do) {
    case 'wait': {
      const ms = untilDeadline(situation, next.ms);
      return { progress: { ...progress, nextPollAt: new Date(now + ms).toISOString() }, next: { ...next, ms } };
    }
    case 'compete':
      return { progress, next: { ...next, ms: untilDeadline(situation, next.ms) } };
    default:
      return { progress, next };
  }
}

function nextOf(situation: Situation, progress: FaxProgress): Next {
  const { verdict, signal, now, enqueuedAt, claimedAt, deadlineMs, notFoundGraceMs, bounds } = situation;
  const tooOld = now - enqueuedAt >= deadlineMs;
  switch (verdict.kind) {
    case 'sent':
      return { do: 'finish', outcome: { state: 'sent', reason: 'ok' } };
    case 'failed':
      return { do: 'finish', outcome: { state: 'failed', reason: verdict.reason } };
    case 'unauthorized':
    case 'rate_limited':
      return afterRefusal(situation, progress, tooOld);
    case 'fault':
      return tooOld && progress.faults >= FAULTS_AT_DEADLINE
        ? EXPIRED
        : { do: 'wait', ms: faultBackoff(progress.faults, bounds, situation.random) };
    case 'not_found':
      if (signal.kind !== 'not_found_for_all' && now - claimedAt >= notFoundGraceMs) {
        return { do: 'finish', outcome: { state: 'not_found', reason: 'not_found' } };
      }
      break;
    case 'pending':
    case 'unrecognised':
      break;
  }
  if (tooOld) return EXPIRED;
  return progress.leftOver ? { do: 'wait', ms: bounds.minMs } : { do: 'compete', ms: situation.netMs };
}

/**
 * A refused fax loses nothing, but another goes first, if there is one: it waits until the hold is over. One that is
 * refused by itself backs off as from server faults. If only this worker is refused, the fax is free at once.
 */
function afterRefusal({ signal, bounds, random }: Situation, progress: FaxProgress, tooOld: boolean): Next {
  if (signal.kind !== 'refused' || signal.scope === 'worker') return { do: 'put_back' };
  if (signal.scope === 'everyone') return { do: 'wait', ms: Math.max(signal.heldMs, bounds.minMs) };
  if (tooOld) return EXPIRED;
  const maxMs = Math.max(REFUSED_MAX_MS, bounds.minMs);
  return { do: 'wait', ms: faultBackoff(progress.faults, { ...bounds, maxMs }, random) };
}

function progressAfter({ progress: before, answer, signal, now, idle }: Situation): FaxProgress {
  const { apiStatus, message } =
    answer.kind === 'status' ? answer : { apiStatus: before.apiStatus, message: before.lastMessage };
  const at = new Date(now).toISOString();
  const answered = answer.kind === 'status' || answer.kind === 'not_found';
  const scope = signal.kind === 'refused' ? signal.scope : undefined;
  const refused = scope === 'everyone' || scope === 'fax'; // a refusal of the worker's key says nothing of the fax
  const faulted = answer.kind === 'fault' || scope === 'fax';
  return {
    polls: before.polls + 1,
    faults: faulted ? before.faults + 1 : answered ? 0 : before.faults,
    apiStatus,
    lastMessage: message,
    lastPollAt: at,
    lastPendingAt: answered ? at : before.lastPendingAt,
    nextPollAt: null,
    claimedAt: before.claimedAt,
    refusedAt: refused ? at : answered ? null : before.refusedAt,
    leftOver: answered && idle,
    refusedAlone: scope === 'fax' || (!answered && before.refusedAlone),
  };
}

/**
 * A delay from now, cut short by the fax's deadline, so that the fax is looked at once more then.
 *
 * @param ms the time wanted, ms
 * @returns ms, at least the least interval if the deadline cuts it
 */
export function untilDeadline(
  { now, enqueuedAt, deadlineMs, bounds }: Pick<Situation, 'now' | 'enqueuedAt' | 'deadlineMs' | 'bounds'>,
  ms: number,
): number {
  const leftMs = enqueuedAt + deadlineMs - now;
  return leftMs > 0 ? Math.min(ms, Math.max(leftMs, bounds.minMs)) : ms;
}
