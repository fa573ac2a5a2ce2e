import { RateLimitError, UnrecoverableError, type Job } from 'bullmq';
import type { Settings } from '../config.ts';
import type { Answer } from '../fax-api/answer.ts';
import type { ClassificationRule } from '../fax-api/classification-rules.ts';
import { classify } from '../fax-api/classify.ts';
import type { FaxApiClient } from '../fax-api/client.ts';
import type { Log } from '../log.ts';
import type { Brake } from '../pacing/brake.ts';
import { faultBackoff } from '../pacing/fault-backoff.ts';
import type { ModelStore } from '../pacing/model-store.ts';
import type { IntervalBounds } from '../pacing/policy.ts';
import type { RateLimit } from '../pacing/rate-limit.ts';
import type { Schedule } from '../pacing/schedule.ts';
import type { RedisClock } from '../redis/clock.ts';
import { publicId, type FaxResult, type Outcome } from '../results/result.ts';
import type { ResultStore } from '../results/store.ts';
import type { Claim, ClaimGate } from './claim.ts';
import { decide } from './decide.ts';
import { delayFor } from './delay.ts';
import type { FleetSignals } from './fleet-signals.ts';
import { checkTimestamp, jsonBytes, keptProgress, parseFaxJob, parseProgress, PayloadError, type FaxJob, type FaxProgress } from './job.ts';
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
  readonly schedule: Schedule;
  readonly model: ModelStore;
  readonly signals: FleetSignals;
  readonly notes: Notes;
  readonly observer: PollObserver;
  readonly log: Log;
  readonly settings: Pick<Settings, 'POLL_MIN_INTERVAL_MS' | 'POLL_MAX_INTERVAL_MS' | 'POLL_DEADLINE_MS' | 'NOT_FOUND_GRACE_MS'>;
};

const KEPT_DATA_BYTES = 16_384; // of a rejected job: a thousand of them stay for the dashboard, and must not fill Redis

/** One visit of a job: what is known of its fax when it is looked at. */
type Visit = { readonly job: Job; readonly token: string; readonly fax: FaxJob; readonly progress: FaxProgress };
type Go = Extract<Claim, { kind: 'go' }>;

/** The way of a fax: payload → claim → poll → classify → decide → finish, or back into the queue until its next poll. */
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
    const fetched = performance.now();
    // The producer's options must not end a fax: whatever is thrown below, but for a wrong payload, is tried again.
    job.opts.attempts = Number.MAX_SAFE_INTEGER;
    job.opts.backoff = { type: 'fixed', delay: this.#bounds.minMs };

    const fax = await this.#parse(job, fetched);
    const visit = { job, token, fax, progress: parseProgress(job.progress) };
    const firstPollAt = this.#firstPollAt(visit);
    // A new fax that is not to be polled yet gives its slot of the pace back while it is claimed.
    const [claim] = await Promise.all([
      this.#parts.gate.claim(fax.faxId, job.id ?? '', job.timestamp),
      firstPollAt !== undefined && this.#parts.limit.giveBack(performance.now() - fetched),
    ]);
    if (claim.kind === 'done' || claim.kind === 'leased') {
      if (firstPollAt === undefined) await this.#parts.limit.giveBack(performance.now() - fetched); // once: a second time would be another job's slot
      return claim.kind === 'done' ? this.#alreadyDone(job, claim.result) : this.#standBy(visit);
    }
    if (firstPollAt !== undefined) return this.#wait(visit, visit.progress, Math.max(0, firstPollAt - claim.now));
    if (claim.kind === 'go') return this.#poll(visit, claim);
    await this.#parts.limit.hold(claim.remainingMs);
    throw new RateLimitError();
  };

  async #parse(job: Job, fetched: number): Promise<FaxJob> {
    try {
      checkTimestamp(job.timestamp, this.#parts.clock.now());
      return parseFaxJob(job.data);
    } catch (error) {
      if (!(error instanceof PayloadError)) throw error;
      this.#parts.observer.rejected();
      this.#parts.log.warn({ jobId: job.id, reason: error.message }, 'job rejected: its data is not that of a fax job');
      if (jsonBytes(job.data) > KEPT_DATA_BYTES) await job.updateData({ removed: `data of over ${KEPT_DATA_BYTES} bytes` });
      await this.#parts.limit.giveBack(performance.now() - fetched);
      throw new UnrecoverableError(error.message);
    }
  }

  /** When a fax that comes for the first time is to be polled, ms since 1970; undefined for now. */
  #firstPollAt({ job, progress }: Visit): number | undefined {
    if (progress.polls > 0 || progress.nextPollAt !== null) return undefined;
    const at = job.timestamp + this.#parts.schedule.firstPollAge();
    return at > this.#parts.clock.now() ? at : undefined;
  }

  async #alreadyDone(job: Job, result: FaxResult): Promise<FaxResult> {
    // Enqueued after the end: somebody may wait for an event that went by. Enqueued before it, they get the one there was.
    if (job.timestamp >= Date.parse(result.completedAt)) await this.#parts.results.publishAgain(result);
    return result;
  }

  /** Another job polls this fax. This one looks in as often as if it did: it completes with the result, or takes over if the other is gone. */
  async #standBy({ job, token }: Visit): Promise<never> {
    const { clock, schedule } = this.#parts;
    return delayFor(job, token, schedule.nextInterval(clock.now() - job.timestamp));
  }

  async #poll(visit: Visit, { refusals }: Go): Promise<FaxResult> {
    const { fax, progress, job } = visit;
    const { api, brake, clock, gate, rules, notes, observer, settings, signals, schedule, model } = this.#parts;
    if (refusals > 0) await brake.probing(gate.probeMs);
    const sentAt = clock.now();
    const answer = await api.status(fax.faxId);
    const verdict = classify(answer, rules);
    observer.polled(answer, verdict);
    await signals.answered(answer, verdict, { sentAt, refusals });

    const after = progressAfter(progress, answer, clock.now());
    const ageMs = clock.now() - job.timestamp;
    const decision = decide({
      verdict,
      ageMs,
      faults: progress.faults,
      deadlineMs: fax.deadlineMs ?? settings.POLL_DEADLINE_MS,
      notFoundGraceMs: settings.NOT_FOUND_GRACE_MS,
    });
    switch (decision.do) {
      case 'finish':
        return this.#finish(visit, after, decision.outcome, answer);
      case 'put_back':
        await notes.add(job, after, `${verdict.kind}: back in the queue`);
        throw new RateLimitError();
      case 'back_off':
        return this.#later(visit, after, faultBackoff(decision.faults, this.#bounds, Math.random()), answer);
      case 'poll_again':
        model.pending(pendingAge(job, progress), ageMs);
        return this.#later(visit, after, schedule.nextInterval(ageMs), answer);
    }
  }

  async #finish({ job, fax, progress }: Visit, after: FaxProgress, outcome: Outcome, answer: Answer): Promise<FaxResult> {
    const { clock, results, notes, observer, log, model } = this.#parts;
    const now = clock.now();
    const finished = results.finish(fax.faxId, {
      faxJobId: publicId(fax.faxId),
      ...outcome,
      apiStatus: after.apiStatus,
      message: after.lastMessage,
      userCashBalance: answer.kind === 'status' ? answer.userCashBalance : null,
      polls: after.polls,
      enqueuedAt: new Date(job.timestamp).toISOString(),
      completedAt: new Date(now).toISOString(),
      metadata: fax.metadata,
    });
    const [result] = await Promise.all([finished, notes.add(job, after, `${outcome.state} (${outcome.reason}): ${said(answer)}`)]); // in one trip
    const ageMs = now - job.timestamp;
    const lagCeilingMs = Math.max(0, ageMs - pendingAge(job, progress));
    if (outcome.state === 'sent' || outcome.state === 'failed') model.completed(pendingAge(job, progress), ageMs);
    observer.finished(result, lagCeilingMs);
    const { faxJobId, state, reason, polls } = result;
    log.info({ requestId: answer.requestId, faxJobId, state, reason, polls, lagCeilingMs: Math.round(lagCeilingMs) }, 'fax finished');
    return result;
  }

  /** Notes an answer, and puts the job back for its next poll. A fax is looked at once more when its deadline comes, not at the first poll after it. */
  async #later(visit: Visit, progress: FaxProgress, intervalMs: number, answer: Answer): Promise<never> {
    const { job, fax } = visit;
    const leftMs = job.timestamp + (fax.deadlineMs ?? this.#parts.settings.POLL_DEADLINE_MS) - this.#parts.clock.now();
    const ms = leftMs > 0 ? Math.min(intervalMs, Math.max(leftMs, this.#bounds.minMs)) : intervalMs;
    const { log, notes } = this.#parts;
    const { requestId } = answer;
    const words = said(answer);
    log.debug({ requestId, faxJobId: publicId(fax.faxId), polls: progress.polls, nextPollMs: Math.round(ms) }, words);
    const [, never] = await Promise.all([notes.add(job, this.#next(progress, ms), words), delayFor(job, visit.token, ms)]); // on one connection, in this order
    return never;
  }

  async #wait({ job, token }: Visit, progress: FaxProgress, ms: number): Promise<never> {
    await job.updateProgress(keptProgress(this.#next(progress, ms)));
    return delayFor(job, token, ms);
  }

  /** Progress with the time of the next poll. */
  #next(progress: FaxProgress, ms: number): FaxProgress {
    return { ...progress, nextPollAt: new Date(this.#parts.clock.now() + ms).toISOString() };
  }
}

/** The age at which a fax was last known to be not final, ms: its birth, if it never was asked for. */
const pendingAge = (job: Job, { lastPendingAt }: FaxProgress): number => (lastPendingAt === null ? 0 : Math.max(0, Date.parse(lastPendingAt) - job.timestamp));
