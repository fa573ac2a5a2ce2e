import { RateLimitError, UnrecoverableError, type Job } from 'bullmq';
import { checkTimestamp, jsonBytes, parseFaxJob, PayloadError, type FaxJob } from '../contract/fax-job.ts';
import { keptProgress, NOT_POLLED, parseProgress, type FaxProgress } from '../contract/progress.ts';
import { publicId, type FaxResult, type Outcome } from '../contract/result.ts';
import type { Answer } from '../fax-api/answer.ts';
import type { Verdict } from '../fax-api/classify.ts';
import type { Slot } from '../limit/slot.ts';
import type { RedisClock } from '../redis/clock.ts';
import type { Hints } from '../hints/hints.ts';
import type { IntervalBounds } from '../schedule/choose.ts';
import type { Chooser } from '../schedule/chooser.ts';
import type { Settings } from '../settings/table.ts';
import type { Claim, ClaimGate, Purpose } from './claim.ts';
import { delayFor } from './delay.ts';
import type { Notes } from './notes.ts';
import type { PollObserver } from './observer.ts';
import type { ResultStore } from './result-store.ts';
import type { FleetSignals } from './signals.ts';
import { step, untilDeadline, type Step } from './step.ts';
import { UNREADABLE } from './unreadable-job.ts';
import { isFirst, pendingAge, visitOf, type Visit } from './visit.ts';

type PollSettings = Pick<
  Settings,
  'POLL_MIN_INTERVAL_MS' | 'POLL_MAX_INTERVAL_MS' | 'POLL_DEADLINE_MS' | 'NOT_FOUND_GRACE_MS'
>;

/** What a poller works with. */
export type PollerParts = {
  readonly gate: ClaimGate;
  readonly clock: RedisClock;
  /** Asks the API for the status of a fax, once. */
  readonly ask: (faxId: string) => Promise<{ readonly answer: Answer; readonly verdict: Verdict }>;
  readonly signals: FleetSignals;
  readonly chooser: Chooser;
  readonly hints: Hints;
  readonly results: ResultStore;
  readonly notes: Notes;
  readonly observer: PollObserver;
};

const KEPT_DATA_BYTES = 16_384; // of a rejected job: a thousand of them stay for the dashboard, and must not fill Redis
const LEASE_SLACK_MS = 10 * 60_000; // longer than any hold: a lease outlives the time until its job's next visit
// Jobs that stand by for one fax look in at most once a second together, but each within the greatest interval; and 50
// a second if there are so many of them that this cannot be had.
const STAND_BY_MS = 1_000;
const STAND_BY_LEAST_MS = 20;

type Go = Extract<Claim, { kind: 'go' }>;

/** The way of a fax: claim → ask → step → finish, or back into the queue until its next poll. */
export class Poller {
  readonly #parts: PollerParts;
  readonly #settings: PollSettings;
  readonly #bounds: IntervalBounds;

  constructor(parts: PollerParts, settings: PollSettings) {
    this.#parts = parts;
    this.#settings = settings;
    this.#bounds = { minMs: settings.POLL_MIN_INTERVAL_MS, maxMs: settings.POLL_MAX_INTERVAL_MS };
  }

  /**
   * Processes a job once, as BullMQ's processor.
   *
   * @returns the result, which completes the job
   * @throws DelayedError the job waits for its next poll
   * @throws RateLimitError the job is back in the queue, unharmed, until the brake allows
   * @throws UnrecoverableError the payload is wrong: the job fails at once
   */
  async process(job: Job, token: string): Promise<FaxResult> {
    const slot = this.#parts.gate.takeSlot();
    // The producer's options must not end a fax: whatever is thrown below, except for a wrong payload, is tried again.
    job.opts.attempts = Number.MAX_SAFE_INTEGER;
    job.opts.backoff = { type: 'custom' };

    const fax = await this.#parse(job, slot);
    const progress = parseProgress(job.progress);
    const found = { job, token, fax, progress, deadlineMs: fax.deadlineMs ?? this.#settings.POLL_DEADLINE_MS };
    const claim = await this.#claim(found, slot);
    const visit = visitOf(found, claim.now);
    const { chooser, results } = this.#parts;
    if (claim.kind === 'held') throw new RateLimitError();
    chooser.next(); // this job waits for a slot no more, whatever comes of it
    switch (claim.kind) {
      case 'go':
        return this.#poll(visit, claim);
      case 'done': // whoever enqueued the fax after its event may be waiting
        if (isFirst(progress)) await results.publishAgain(claim.result);
        return claim.result;
      case 'leased':
        return this.#standBy(visit, claim);
      case 'joined':
        return this.#wait({ ...visit, progress: { ...visit.progress, leftOver: false } }, claim.now, chooser.netMs);
      case 'yield':
        return this.#wait(visit, claim.now, claim.waitMs);
      case 'early':
        return this.#wait(visit, claim.now, claim.leftMs);
    }
  }

  async #parse(job: Job, slot: Slot): Promise<FaxJob> {
    try {
      checkTimestamp(job.timestamp, this.#parts.clock.now());
      if (job.data === UNREADABLE) throw new PayloadError(['data: must be JSON']);
      return parseFaxJob(job.data);
    } catch (error) {
      if (!(error instanceof PayloadError)) throw error;
      this.#parts.observer.rejected();
      this.#parts.notes.rejected(job, error);
      if (job.data === UNREADABLE) await job.updateData({ removed: 'data that are no JSON' });
      else if (jsonBytes(job.data) > KEPT_DATA_BYTES) {
        await job.updateData({ removed: `data of over ${KEPT_DATA_BYTES} bytes` });
      }
      await slot.giveBack();
      throw new UnrecoverableError(error.message);
    }
  }

  async #claim({ job, fax, progress, deadlineMs }: Omit<Visit, 'enqueuedAt' | 'claimedAt' | 'token'>, slot: Slot) {
    const { chooser, clock, gate } = this.#parts;
    const { faults, lastPendingAt, lastPollAt, refusedAt } = progress;
    const enqueuedAt = Math.min(job.timestamp, clock.now());
    const claimant = {
      faxId: fax.faxId,
      jobId: job.id ?? '',
      enqueuedAt,
      first: isFirst(progress),
      fetchedAt: clock.at(job.processedOn ?? Date.now()),
      purpose: this.#purpose(progress, enqueuedAt + deadlineMs),
      pendingAt: lastPendingAt === null ? undefined : Date.parse(lastPendingAt),
      polledAt: lastPollAt === null ? undefined : Date.parse(lastPollAt),
      standing: refusedAt !== null ? 'refused' : lastPendingAt !== null ? 'answered' : faults > 0 ? 'refused' : 'new',
      leaseMs: chooser.netMs + LEASE_SLACK_MS,
    } as const;
    return gate.claim(claimant, slot);
  }

  /**
   * What a job comes for: a fax that backs off or whose time is up is polled, any other when it is chosen. While slots
   * are left over there is nothing to choose: then a new fax is polled at once, and one that waited for the least
   * interval is polled again.
   *
   * @param deadline ms since 1970
   */
  #purpose(progress: FaxProgress, deadline: number): Purpose {
    const { chooser, clock } = this.#parts;
    const { faults, refusedAt, leftOver } = progress;
    const atOnce: Purpose = { kind: chooser.idle ? 'poll' : 'join' };
    if (isFirst(progress)) return atOnce;
    if (faults > 0 || refusedAt !== null || clock.now() >= deadline) return { kind: 'poll' };
    return leftOver ? atOnce : { kind: 'net', netMs: chooser.netMs };
  }

  /**
   * Another job polls this fax. This one looks in now and then: it completes with the result, or takes over if the
   * other is gone. The more jobs of one fax there are, the more rarely each looks in.
   */
  async #standBy({ job, token, claimedAt }: Visit, claim: Extract<Claim, { kind: 'leased' }>): Promise<never> {
    // Else it would count as new at its next look, and publish the event of the fax again.
    if (isFirst(parseProgress(job.progress))) {
      await job.updateProgress(keptProgress({ ...NOT_POLLED, claimedAt: new Date(claimedAt).toISOString() }));
    }
    const { standBys } = claim;
    const shared = Math.max(Math.min(standBys * STAND_BY_MS, this.#bounds.maxMs), standBys * STAND_BY_LEAST_MS);
    return delayFor(job, token, Math.max(this.#bounds.minMs, shared * (0.5 + Math.random() / 2)));
  }

  /** Puts the job back without a poll. @param now ms since 1970, by Redis's clock */
  async #wait(visit: Visit, now: number, wantedMs: number): Promise<never> {
    const ms = untilDeadline({ ...visit, now, bounds: this.#bounds }, wantedMs);
    await visit.job.updateProgress(keptProgress({ ...visit.progress, nextPollAt: new Date(now + ms).toISOString() }));
    return delayFor(visit.job, visit.token, ms);
  }

  async #poll(visit: Visit, { turn, byNet, hint }: Go): Promise<FaxResult> {
    const { ask, chooser, clock, hints, observer, signals } = this.#parts;
    const { fax, progress } = visit;
    observer.asking(byNet);
    const { answer, verdict } = await ask(fax.faxId);
    observer.polled(answer, verdict);
    const signal = await signals.onAnswer(answer, verdict, turn, { faxId: fax.faxId, progress });
    const now = clock.now();
    const refusedAlone = signal.kind === 'refused' && signal.scope === 'fax';
    if (hint) await hints.onAnswer(fax.faxId, hint, { verdict, refusedAlone }, now + this.#bounds.minMs);
    const taken = step({
      ...visit,
      answer,
      verdict,
      signal,
      now,
      notFoundGraceMs: this.#settings.NOT_FOUND_GRACE_MS,
      bounds: this.#bounds,
      idle: chooser.idle,
      netMs: chooser.netMs,
      random: Math.random(),
    });
    return this.#apply(visit, taken, answer, now);
  }

  /** @param now when the answer had come, ms since 1970, by Redis's clock */
  async #apply(visit: Visit, { progress, next }: Step, answer: Answer, now: number): Promise<FaxResult> {
    const { chooser, notes } = this.#parts;
    const { job, token, fax, enqueuedAt } = visit;
    const ageMs = now - enqueuedAt;
    switch (next.do) {
      case 'finish':
        return this.#finish(visit, progress, next.outcome, answer, now);
      case 'put_back':
        await notes.putBack(job, progress, answer);
        throw new RateLimitError();
      case 'compete':
        await chooser.enter(fax.faxId, ageMs, now);
        break;
      case 'wait':
        break;
    }
    const answered = progress.lastPendingAt !== null && progress.lastPendingAt === progress.lastPollAt;
    if (answered) chooser.learnPending(pendingAge(visit), ageMs);
    // On one connection, in this order.
    const [, never] = await Promise.all([
      notes.later(job, fax, progress, answer, next.ms),
      delayFor(job, token, next.ms),
    ]);
    return never;
  }

  async #finish(visit: Visit, after: FaxProgress, outcome: Outcome, answer: Answer, now: number): Promise<FaxResult> {
    const { chooser, results, notes, observer } = this.#parts;
    const { job, fax, enqueuedAt } = visit;
    const ageMs = now - enqueuedAt;
    const lagCeilingMs = Math.max(0, ageMs - pendingAge(visit));
    const found = {
      faxJobId: publicId(fax.faxId),
      ...outcome,
      apiStatus: after.apiStatus,
      message: after.lastMessage,
      userCashBalance: answer.kind === 'status' ? answer.userCashBalance : null,
      polls: after.polls,
      enqueuedAt: new Date(enqueuedAt).toISOString(),
      completedAt: new Date(now).toISOString(),
      metadata: fax.metadata,
    };
    const finished = results.finish(fax.faxId, found, lagCeilingMs);
    const [result] = await Promise.all([finished, notes.finished(job, after, outcome, answer)]); // in one trip
    if (outcome.state === 'sent' || outcome.state === 'failed') chooser.learnFinal(pendingAge(visit), ageMs);
    observer.finished(result, lagCeilingMs);
    notes.logFinished(result, answer, lagCeilingMs);
    return result;
  }
}
