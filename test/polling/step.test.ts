import { describe, expect, it } from '@jest/globals';
import { NOT_POLLED, type FaxProgress } from '../../src/contract/progress.ts';
import type { Answer, AnswerContent } from '../../src/fax-api/answer.ts';
import type { Verdict } from '../../src/fax-api/classify.ts';
import { step, untilDeadline, type Situation } from '../../src/polling/step.ts';

const ENQUEUED = Date.parse('2030-01-01T00:00:00Z');
const DEADLINE_MS = 100_000;
const GRACE_MS = 30_000;
const NET_MS = 50_000;
const BOUNDS = { minMs: 5_000, maxMs: 40_000 };
const iso = (ms: number): string => new Date(ms).toISOString();

const answerOf = (content: AnswerContent): Answer => ({ ...content, requestId: 'id', rate: {}, latencyMs: 1 });
const said = (apiStatus: string, message: string): AnswerContent => ({
  kind: 'status',
  apiStatus,
  message,
  userCashBalance: null,
});

/** The answers, each with what it means. */
const ANSWERS = {
  sent: [said('success', 'Sent'), { kind: 'sent' }],
  busy: [said('failed', 'Fax Failed: Busy'), { kind: 'failed', reason: 'busy' }],
  pending: [said('executed', 'Sending'), { kind: 'pending' }],
  unrecognised: [said('success', 'Hm'), { kind: 'unrecognised', wording: 'hm' }],
  notFound: [{ kind: 'not_found' }, { kind: 'not_found' }],
  unauthorized: [{ kind: 'unauthorized' }, { kind: 'unauthorized' }],
  rateLimited: [{ kind: 'rate_limited' }, { kind: 'rate_limited' }],
  fault: [{ kind: 'fault', fault: 'timeout' }, { kind: 'fault' }],
} as const satisfies Record<string, readonly [AnswerContent, Verdict]>;

type More = Partial<Omit<Situation, 'progress'>> & { readonly progress?: Partial<FaxProgress> };

/** The step of a fax of an age, ms, after an answer. */
function at(name: keyof typeof ANSWERS, ageMs: number, { progress, ...more }: More = {}) {
  const [content, verdict] = ANSWERS[name];
  return step({
    progress: { ...NOT_POLLED, ...progress },
    answer: answerOf(content),
    verdict,
    signal: { kind: 'none' },
    now: ENQUEUED + ageMs,
    enqueuedAt: ENQUEUED,
    claimedAt: ENQUEUED,
    deadlineMs: DEADLINE_MS,
    notFoundGraceMs: GRACE_MS,
    bounds: BOUNDS,
    idle: false,
    netMs: NET_MS,
    random: 0.5,
    ...more,
  });
}
const everyone = { kind: 'refused', scope: 'everyone', heldMs: 7_000 } as const;
const itself = { kind: 'refused', scope: 'fax', heldMs: 0 } as const;
const worker = { kind: 'refused', scope: 'worker', heldMs: 0 } as const;
const expired = { do: 'finish', outcome: { state: 'expired', reason: 'deadline_exceeded' } };

describe('what happens to the job', () => {
  it('a final answer finishes the fax, however old it is', () => {
    for (const age of [0, 5 * DEADLINE_MS]) {
      expect(at('sent', age).next).toEqual({ do: 'finish', outcome: { state: 'sent', reason: 'ok' } });
      expect(at('busy', age).next).toEqual({ do: 'finish', outcome: { state: 'failed', reason: 'busy' } });
    }
  });

  it.each(['pending', 'unrecognised'] as const)('%s: competes for the next slots until the deadline', (name) => {
    expect(at(name, 0).next).toEqual({ do: 'compete', ms: NET_MS });
    expect(at(name, DEADLINE_MS - 1).next).toEqual({ do: 'compete', ms: BOUNDS.minMs });
    expect(at(name, DEADLINE_MS).next).toEqual(expired);
  });

  it('pending while slots are left over: back after the least interval by itself', () => {
    const { next, progress } = at('pending', 0, { idle: true });
    expect(next).toEqual({ do: 'wait', ms: BOUNDS.minMs });
    expect(progress.leftOver).toBe(true);
    expect(at('pending', 0, { progress: { leftOver: true } }).progress.leftOver).toBe(false);
  });

  it('a 404 is too early within the grace, counted from the first claim, and final after it', () => {
    expect(at('notFound', GRACE_MS - 1).next.do).toBe('compete');
    expect(at('notFound', GRACE_MS).next).toEqual({
      do: 'finish',
      outcome: { state: 'not_found', reason: 'not_found' },
    });
    const claimedAt = ENQUEUED + 1_000;
    expect(at('notFound', GRACE_MS + 999, { claimedAt }).next.do).toBe('compete');
    expect(at('notFound', GRACE_MS + 1_000, { claimedAt }).next.do).toBe('finish');
  });

  it('a 404 while the API knows no fax makes none not_found, but lets it expire', () => {
    const signal = { kind: 'not_found_for_all' } as const;
    expect(at('notFound', DEADLINE_MS - 1, { signal }).next.do).toBe('compete');
    expect(at('notFound', DEADLINE_MS, { signal }).next).toEqual(expired);
  });

  it('a server fault: backs off, longer with each, up to the greatest interval, until the deadline', () => {
    const waits = [0, 1, 2, 3, 9].map((faults) => at('fault', 0, { progress: { faults }, random: 0.999 }).next);
    const ms = waits.map((next) => (next.do === 'wait' ? Math.round(next.ms / 1_000) : -1));
    expect(ms).toEqual([10, 20, 40, 40, 40]);
    expect(at('fault', 0, { random: 0 }).next).toEqual({ do: 'wait', ms: BOUNDS.minMs });
    expect(at('fault', DEADLINE_MS, { progress: { faults: 1 } }).next).toMatchObject({ do: 'wait' });
    expect(at('fault', DEADLINE_MS, { progress: { faults: 2 } }).next).toEqual(expired);
  });

  it.each(['unauthorized', 'rateLimited'] as const)(
    '%s for everyone: waits for the hold, and never ends a fax',
    (name) => {
      expect(at(name, 0, { signal: everyone }).next).toEqual({ do: 'wait', ms: 7_000 });
      expect(at(name, 0, { signal: { ...everyone, heldMs: 10 } }).next).toEqual({ do: 'wait', ms: BOUNDS.minMs });
      expect(at(name, 9 * DEADLINE_MS, { signal: everyone }).next).toEqual({ do: 'wait', ms: 7_000 });
    },
  );

  it.each(['unauthorized', 'rateLimited'] as const)(
    '%s for this fax alone: backs off up to 5 min, then expires',
    (name) => {
      const long = { signal: itself, deadlineMs: 1e9, random: 0.999_999, progress: { faults: 20 } };
      const { next } = at(name, 0, long);
      expect(next.do === 'wait' && Math.round(next.ms)).toBe(300_000);
      expect(at(name, DEADLINE_MS, { signal: itself }).next).toEqual(expired);
    },
  );

  it('a refusal of the worker’s key alone: free at once for another worker', () => {
    expect(at('unauthorized', 0, { signal: worker }).next).toEqual({ do: 'put_back' });
  });
});

describe('the progress', () => {
  const now = iso(ENQUEUED + 1_000);
  const before = { polls: 3, faults: 2, apiStatus: 'executed', lastMessage: 'Sending', lastPendingAt: iso(ENQUEUED) };

  it('of an answer: its words, when it came, no more faults', () => {
    const { progress } = at('unrecognised', 1_000, { progress: { ...before, refusedAt: now, refusedAlone: true } });
    expect(progress).toMatchObject({ polls: 4, faults: 0, apiStatus: 'success', lastMessage: 'Hm' });
    expect(progress).toMatchObject({ lastPollAt: now, lastPendingAt: now, refusedAt: null, refusedAlone: false });
    expect(progress.nextPollAt).toBeNull(); // it competes: nobody knows when
    expect(at('pending', 1_000, { idle: true }).progress.nextPollAt).toBe(iso(ENQUEUED + 1_000 + BOUNDS.minMs));
  });

  it('of a fault: one more; the words stay, and when it was last known pending', () => {
    const { progress } = at('fault', 1_000, { progress: before });
    expect(progress).toMatchObject({ polls: 4, faults: 3, apiStatus: 'executed', lastMessage: 'Sending' });
    expect(progress).toMatchObject({ lastPollAt: now, lastPendingAt: iso(ENQUEUED), refusedAt: null });
  });

  it('of a refusal: when, and whether of this fax alone, which counts as a fault', () => {
    const all = at('rateLimited', 1_000, { signal: everyone, progress: before }).progress;
    expect(all).toMatchObject({ polls: 4, faults: 2, refusedAt: now, refusedAlone: false });
    const alone = at('rateLimited', 1_000, { signal: itself, progress: before }).progress;
    expect(alone).toMatchObject({ faults: 3, refusedAt: now, refusedAlone: true });
    const key = at('unauthorized', 1_000, { signal: worker, progress: before }).progress;
    expect(key).toMatchObject({ faults: 2, refusedAt: null, refusedAlone: false, nextPollAt: null });
  });
});

it('a wait ends at the deadline, but not under the least interval; past the deadline it is as long as wanted', () => {
  const until = (ageMs: number, ms: number): number =>
    untilDeadline({ now: ENQUEUED + ageMs, enqueuedAt: ENQUEUED, deadlineMs: DEADLINE_MS, bounds: BOUNDS }, ms);
  expect(until(0, 60_000)).toBe(60_000);
  expect(until(60_000, 60_000)).toBe(40_000);
  expect(until(DEADLINE_MS - 1, 60_000)).toBe(BOUNDS.minMs);
  expect(until(DEADLINE_MS - 1, 1_000)).toBe(1_000);
  expect(until(DEADLINE_MS, 60_000)).toBe(60_000);
});
