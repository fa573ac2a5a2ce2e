import { RateLimitError, UnrecoverableError, type Job } from 'bullmq';
import type { Settings } from '../settings/table.ts';
import type { Answer } from '../fax-api/answer.ts';
import type { ClassificationRule } from '../fax-api/classification-rules.ts';
import { classify } from '../fax-api/classify.ts';
import type { FaxApiClient } from '../fax-api/client.ts';
import type { Log } from '../log/log.ts';
import type { Brake } from '../limit/brake.ts';
import type { IntervalBounds } from '../schedule/choose.ts';
import type { Chooser } from '../schedule/chooser.ts';
import { faultBackoff } from '../schedule/fault-backoff.ts';
import type { InFlight } from '../schedule/in-flight.ts';
import type { ModelStore } from '../schedule/model-store.ts';
import type { RateLimit } from '../limit/rate-limit.ts';
import type { RedisClock } from '../redis/clock.ts';
import { publicId, type FaxResult, type Outcome } from '../contract/result.ts';
import type { ResultStore } from './result-store.ts';
import type { Claim, ClaimGate, Purpose } from './claim.ts';
import { decide } from './decide.ts';
import { delayFor } from './delay.ts';
import type { FleetSignals, Signal } from './signals.ts';
import { checkTimestamp, jsonBytes, parseFaxJob, PayloadError, type FaxJob } from '../contract/fax-job.ts';
import { keptProgress, NOT_POLLED, parseProgress, type FaxProgress } from '../contract/progress.ts';
import { progressAfter, said, type Notes } from './notes.ts';
import type { PollObserver } from './observer.ts';

/** What a poller works with. */
export type PollerParts = {
  readonly gate: ClaimGate;
  readonly clock: RedisClock;
  readonly api: Pick<FaxApiClient, 'status'>;
  readonly rules: readonly ClassificationRule[];
  readonly results: ResultStore;
  readonly limit: RateLimit;
  readonly brake: Brake;
  readonly chooser: Chooser;
  readonly inFlight: InFlight;
  readonly model: ModelStore;
  readonly signals: FleetSignals;
  readonly notes: Notes;
  readonly observer: PollObserver;
  readonly log: Log;
  readonly settings: Pick<
    Settings,
    'POLL_MIN_INTERVAL_MS' | 'POLL_MAX_INTERVAL_MS' | 'POLL_DEADLINE_MS' | 'NOT_FOUND_GRACE_MS'
  >;
};

const KEPT_DATA_BYTES = 16_384; // of a rejected job: a thousand of them stay for the dashboard, and must not fill Redis
const REFUSED_MAX_MS = 300_000; // contract §2: between two polls of a fax that is refused while others are answered
const SAME_MS = 1_000; // nearer than that, the producer's clock and the first claim need not be told apart
const LEASE_SLACK_MS = 10 * 60_000; // longer than any hold: a lease outlives the time until its job's next visit
// Jobs that stand by for one fax look in at most once a second together, but each within the greatest interval; and 50
// a second if there are so many of them that this cannot be had.
const STAND_BY_MS = 1_000;
const STAND_BY_LEAST_MS = 20;

/** One visit of a job: what is known of its fax when it is looked at. Times are ms since 1970, by Redis's clock. */
type Visit = {
  readonly job: Job;
  readonly token: string;
  readonly fax: FaxJob;
  readonly progress: FaxProgress;
  /** When the job was enqueued; not later than its first claim, as the producer's clock may be ahead. */
  readonly enqueuedAt: number;
  readonly claimedAt: number;
};
type Go = Extract<Claim, { kind: 'go' }>;

/**
 * The way of a fax: payload → claim → poll → classify → decide → finish, or back into the queue until its next poll.
 */
export class Poller {
  readonly #parts: PollerParts;
  readonly #bounds: IntervalBounds;

  constructor(parts: PollerParts) {
    this.#parts = parts;
    this.#bounds = { minMs: parts.settings.POLL_MIN_INTERVAL_MS, maxMs: parts.settings.POLL_MAX_INTERVAL_MS };
  }

  /**
   * Processes a job once, as BullMQ's processor.
   *
   * @returns the result, which completes the job
   * @throws DelayedError the job waits for its next poll
   * @throws RateLimitError the job is back in the queue, unharmed, until the brake allows
   * @throws UnrecoverableError the payload is wrong: the job fails at once
   */
  readonly process = async (job: Job, token: string): Promise<FaxResult> => {
    const { chooser, clock, gate, limit } = this.#parts;
    const fetched = performance.now();
    // The producer's options must not end a fax: whatever is thrown below, but for a wrong payload, is tried again.
    job.opts.attempts = Number.MAX_SAFE_INTEGER;
    job.opts.backoff = { type: 'custom' };

    const fax = await this.#parse(job, fetched);
    const progress = parseProgress(job.progress);
    const first = progress.polls === 0 && progress.nextPollAt === null && progress.claimedAt === null;
    const enqueuedAt = Math.min(job.timestamp, clock.now());
    const purpose = this.#purpose(fax, progress, first, enqueuedAt);
    // A new fax that only joins the candidates gives its slot of the pace back meanwhile.
    const joins = purpose.kind === 'join';
    const [claim, limited] = await Promise.all([
      gate.claim({
        faxId: fax.faxId,
        jobId: job.id ?? '',
        enqueuedAt,
        first,
        fetchedAt: clock.at(job.processedOn ?? Date.now()),
        purpose,
        pendingAt: progress.lastPendingAt === null ? undefined : Date.parse(progress.lastPendingAt),
        standing: progress.refusedAt !== null ? 'refused' : progress.lastPendingAt !== null ? 'answered' : 'new',
        leaseMs: chooser.netMs + LEASE_SLACK_MS,
      }),
      joins || limit.holds(),
      joins && limit.giveBack(performance.now() - fetched),
    ]);
    const visit = visitOf(job, token, fax, progress, first ? claim.now : undefined);
    switch (claim.kind) {
      case 'held':
      case 'unlimited':
        await limit.hold(claim.remainingMs);
        throw new RateLimitError();
      case 'go':
        // it took no slot: it takes one now that there is a limit again
        if (!limited && claim.refusals === 0) throw new RateLimitError();
        chooser.next();
        return this.#poll(visit, claim);
      default:
        // once: a second time would be another job's slot
        if (!joins) await limit.giveBack(performance.now() - fetched);
    }
    switch (claim.kind) {
      case 'done':
        return this.#alreadyDone(first, claim.result);
      case 'leased':
        return this.#standBy(visit, claim.now, claim.standBys);
      case 'joined':
        chooser.next();
        return this.#wait(
          { ...visit, progress: { ...visit.progress, leftOver: false } },
          this.#untilDeadline(visit, chooser.netMs),
        );
      case 'yield':
        return this.#wait(visit, this.#untilDeadline(visit, claim.waitMs));
      case 'early':
        return this.#wait(visit, this.#untilDeadline(visit, claim.leftMs));
    }
  };

  /**
   * What a job comes for: a fax that backs off or whose time is up is polled, any other when it is chosen. While slots
   * are left over there is nothing to choose: then a new fax is polled at once, and one that waited for the least
   * interval is polled again.
   */
  #purpose(fax: FaxJob, { faults, refusedAt, leftOver }: FaxProgress, first: boolean, enqueuedAt: number): Purpose {
    const { chooser, clock, settings } = this.#parts;
    if (first) return { kind: chooser.idle ? 'poll' : 'join' };
    const tooOld = clock.now() >= enqueuedAt + (fax.deadlineMs ?? settings.POLL_DEADLINE_MS);
    if (faults > 0 || refusedAt !== null || tooOld) return { kind: 'poll' };
    if (!leftOver) return { kind: 'net', netMs: chooser.netMs };
    return { kind: chooser.idle ? 'poll' : 'join' };
  }

  async #parse(job: Job, fetched: number): Promise<FaxJob> {
    try {
      checkTimestamp(job.timestamp, this.#parts.clock.now());
      return parseFaxJob(job.data);
    } catch (error) {
      if (!(error instanceof PayloadError)) throw error;
      this.#parts.observer.rejected();
      this.#parts.log.warn({ jobId: job.id, reason: error.message }, 'job rejected: its data is not that of a fax job');
      if (jsonBytes(job.data) > KEPT_DATA_BYTES)
        await job.updateData({ removed: `data of over ${KEPT_DATA_BYTES} bytes` });
      await this.#parts.limit.giveBack(performance.now() - fetched);
      throw new UnrecoverableError(error.message);
    }
  }

  /**
   * A job that comes for the first time may have been enqueued after the event went by: somebody waits for it, so it is
   * published again.
   */
  async #alreadyDone(first: boolean, result: FaxResult): Promise<FaxResult> {
    if (first) await this.#parts.results.publishAgain(result);
    return result;
  }

  /**
   * Another job polls this fax. This one looks in now and then: it completes with the result, or takes over if the
   * other is gone. The more jobs of one fax there are, the more rarely each looks in.
   */
  async #standBy({ job, token, progress }: Visit, now: number, standBys: number): Promise<never> {
    if (progress.claimedAt === null)
      await job.updateProgress(keptProgress({ ...NOT_POLLED, claimedAt: new Date(now).toISOString() }));
    const shared = Math.max(Math.min(standBys * STAND_BY_MS, this.#bounds.maxMs), standBys * STAND_BY_LEAST_MS);
    return delayFor(job, token, Math.max(this.#bounds.minMs, shared * (0.5 + Math.random() / 2)));
  }

  async #poll(visit: Visit, { refusals, byNet }: Go): Promise<FaxResult> {
    const { fax, progress, enqueuedAt } = visit;
    const { api, brake, clock, gate, rules, observer, settings, signals } = this.#parts;
    if (refusals > 0) await brake.probing(gate.probeMs);
    observer.asking(byNet);
    const sentAt = clock.now();
    const answer = await api.status(fax.faxId);
    const verdict = classify(answer, rules);
    observer.polled(answer, verdict);
    const refusedBeforeAt = progress.refusedAt === null ? 0 : Date.parse(progress.refusedAt);
    const signal = await signals.answered(answer, verdict, {
      faxId: fax.faxId,
      sentAt,
      refusals,
      refusedBeforeAt,
      refusedAloneBefore: progress.refusedAlone,
      known: progress.lastPendingAt !== null,
    });

    const now = clock.now();
    const after = progressAfter(progress, answer, now, signal.kind === 'refused' ? signal.scope : undefined);
    const decision = decide({
      verdict,
      ageMs: now - enqueuedAt,
      claimedMs: now - visit.claimedAt,
      faults: progress.faults,
      refusedAlone: signal.kind === 'refused' && signal.scope === 'fax',
      notFoundForAll: signal.kind === 'not_found_for_all',
      deadlineMs: fax.deadlineMs ?? settings.POLL_DEADLINE_MS,
      notFoundGraceMs: settings.NOT_FOUND_GRACE_MS,
    });
    switch (decision.do) {
      case 'finish':
        return this.#finish(visit, after, decision.outcome, answer);
      case 'put_back':
        return this.#putBack(visit, after, signal, answer);
      case 'back_off': {
        const maxMs = signal.kind === 'refused' ? Math.max(REFUSED_MAX_MS, this.#bounds.minMs) : this.#bounds.maxMs;
        return this.#later(
          visit,
          after,
          faultBackoff(decision.faults, { ...this.#bounds, maxMs }, Math.random()),
          answer,
        );
      }
      case 'poll_again':
        return this.#pollAgain(visit, after, now, answer);
    }
  }

  /**
   * A refused fax loses nothing, but another goes first, if there is one: it waits until the hold is over, behind all
   * that wait by then. If only this worker is refused, the fax is free at once, for another worker.
   */
  async #putBack(visit: Visit, after: FaxProgress, signal: Signal, answer: Answer): Promise<never> {
    if (signal.kind === 'refused' && signal.scope === 'everyone') {
      return this.#later(visit, after, Math.max(signal.heldMs, this.#bounds.minMs), answer);
    }
    await this.#parts.notes.add(
      visit.job,
      after,
      `${answer.kind}: back in the queue, as only the key of this worker is refused`,
    );
    throw new RateLimitError();
  }

  async #finish(visit: Visit, after: FaxProgress, outcome: Outcome, answer: Answer): Promise<FaxResult> {
    const { clock, results, notes, observer, log, model } = this.#parts;
    const { job, fax, enqueuedAt } = visit;
    const now = clock.now();
    const finished = results.finish(fax.faxId, {
      faxJobId: publicId(fax.faxId),
      ...outcome,
      apiStatus: after.apiStatus,
      message: after.lastMessage,
      userCashBalance: answer.kind === 'status' ? answer.userCashBalance : null,
      polls: after.polls,
      enqueuedAt: new Date(enqueuedAt).toISOString(),
      completedAt: new Date(now).toISOString(),
      metadata: fax.metadata,
    });
    const [result] = await Promise.all([
      finished,
      notes.add(job, after, `${outcome.state} (${outcome.reason}): ${said(answer)}`),
    ]); // in one trip
    const ageMs = now - enqueuedAt;
    const lagCeilingMs = Math.max(0, ageMs - pendingAge(visit));
    if (outcome.state === 'sent' || outcome.state === 'failed') model.completed(pendingAge(visit), ageMs);
    observer.finished(result, lagCeilingMs);
    const { faxJobId, state, reason, polls } = result;
    log.info(
      { requestId: answer.requestId, faxJobId, state, reason, polls, lagCeilingMs: Math.round(lagCeilingMs) },
      'fax finished',
    );
    return result;
  }

  /**
   * The fax is a candidate again, and its job's delay is only the safety net; or it comes back by itself, as slots are
   * left over.
   */
  async #pollAgain(visit: Visit, after: FaxProgress, now: number, answer: Answer): Promise<never> {
    const { chooser, inFlight, model } = this.#parts;
    const ageMs = now - visit.enqueuedAt;
    model.pending(pendingAge(visit), ageMs);
    if (chooser.idle) return this.#later(visit, { ...after, leftOver: true }, this.#bounds.minMs, answer);
    await inFlight.pending(visit.fax.faxId, ageMs, now);
    return this.#later(visit, after, chooser.netMs, answer);
  }

  /** Notes an answer, and puts the job back for its next poll. */
  async #later(visit: Visit, progress: FaxProgress, intervalMs: number, answer: Answer): Promise<never> {
    const { job, fax } = visit;
    const { log, notes } = this.#parts;
    const ms = this.#untilDeadline(visit, intervalMs);
    const { requestId } = answer;
    const words = said(answer);
    log.debug({ requestId, faxJobId: publicId(fax.faxId), polls: progress.polls, nextPollMs: Math.round(ms) }, words);
    const [, never] = await Promise.all([
      notes.add(job, this.#next(progress, ms), words),
      delayFor(job, visit.token, ms),
    ]); // on one connection, in this order
    return never;
  }

  /** A time from now on, cut short by the deadline of the fax: then it is looked at once more. */
  #untilDeadline({ fax, enqueuedAt }: Visit, ms: number): number {
    const leftMs = enqueuedAt + (fax.deadlineMs ?? this.#parts.settings.POLL_DEADLINE_MS) - this.#parts.clock.now();
    return leftMs > 0 ? Math.min(ms, Math.max(leftMs, this.#bounds.minMs)) : ms;
  }

  async #wait({ job, token, progress }: Visit, ms: number): Promise<never> {
    await job.updateProgress(keptProgress(this.#next(progress, ms)));
    return delayFor(job, token, ms);
  }

  /** Progress with the time of the next poll. */
  #next(progress: FaxProgress, ms: number): FaxProgress {
    return { ...progress, nextPollAt: new Date(this.#parts.clock.now() + ms).toISOString() };
  }
}

/** @param firstClaimAt ms since 1970, if this is the first */
function visitOf(job: Job, token: string, fax: FaxJob, before: FaxProgress, firstClaimAt: number | undefined): Visit {
  const claimedAt = firstClaimAt ?? (before.claimedAt === null ? job.timestamp : Date.parse(before.claimedAt));
  const told = Math.abs(claimedAt - job.timestamp) < SAME_MS;
  const progress =
    firstClaimAt === undefined || told ? before : { ...before, claimedAt: new Date(claimedAt).toISOString() };
  return { job, token, fax, progress, enqueuedAt: Math.min(job.timestamp, claimedAt), claimedAt };
}

/** The age at which a fax was last known to be not final, ms: its birth, if it never was asked for. */
const pendingAge = ({ enqueuedAt, progress: { lastPendingAt } }: Visit): number =>
  lastPendingAt === null ? 0 : Math.max(0, Date.parse(lastPendingAt) - enqueuedAt);
