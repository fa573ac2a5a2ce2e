import { RateLimitError, UnrecoverableError, type Job, type Queue } from 'bullmq';
import type { BalanceWatch } from '../alerts/balance.ts';
import type { Wordings } from '../alerts/wordings.ts';
import type { Settings } from '../config.ts';
import type { Answer } from '../fax-api/answer.ts';
import type { ClassificationRule } from '../fax-api/classification-rules.ts';
import { classify, type Verdict } from '../fax-api/classify.ts';
import type { FaxApiClient } from '../fax-api/client.ts';
import type { Log } from '../log.ts';
import type { Brake } from '../pacing/brake.ts';
import { OutageDetector } from '../pacing/outage.ts';
import type { RateLimit } from '../pacing/rate-limit.ts';
import { faultBackoff, pollInterval, type IntervalBounds } from '../pacing/schedule.ts';
import { publicId, type FaxResult, type Outcome } from '../results/result.ts';
import type { ResultStore } from '../results/store.ts';
import type { Claim, ClaimGate } from './claim.ts';
import { decide } from './decide.ts';
import { delayUntil } from './delay.ts';
import { parseFaxJob, parseProgress, PayloadError, type FaxJob, type FaxProgress } from './job.ts';
import type { PollObserver } from './observer.ts';

/** What a poller works with. */
export type PollerParts = {
  readonly queue: Queue;
  readonly gate: ClaimGate;
  readonly api: Pick<FaxApiClient, 'status'>;
  readonly rules: readonly ClassificationRule[];
  readonly results: ResultStore;
  readonly limit: RateLimit;
  readonly brake: Brake;
  readonly wordings: Wordings;
  readonly balance: BalanceWatch;
  readonly observer: PollObserver;
  readonly log: Log;
  readonly settings: Pick<Settings, 'POLL_MIN_INTERVAL_MS' | 'POLL_MAX_INTERVAL_MS' | 'POLL_DEADLINE_MS' | 'NOT_FOUND_GRACE_MS'>;
};

const KEPT_LOG_LINES = 20; // of a job's log on the dashboard
const SHOWN_MESSAGE_CHARS = 200;

/** One visit of a job: what is known of its fax when the request goes out. */
type Visit = {
  readonly job: Job;
  readonly token: string;
  readonly fax: FaxJob;
  readonly progress: FaxProgress;
  readonly claim: Extract<Claim, { kind: 'go' }>;
  /** The time of Redis, ms since 1970: that of the claim plus what has passed here since. */
  readonly now: () => number;
};

/** The way of a fax: payload → claim → poll → classify → decide → finish, or back into the queue until its next poll. */
export class Poller {
  readonly #parts: PollerParts;
  readonly #bounds: IntervalBounds;
  readonly #outage = new OutageDetector();

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
    job.opts.keepLogs = KEPT_LOG_LINES;

    const fax = await this.#parse(job, fetched);
    const claim = await this.#parts.gate.claim(fax.faxId, job.id ?? '', job.timestamp);
    switch (claim.kind) {
      case 'done':
        return this.#alreadyDone(job, claim.result, fetched);
      case 'leased':
        return this.#standBy(job, token, claim.now, fetched);
      case 'held':
        await this.#parts.limit.hold(claim.remainingMs);
        throw new RateLimitError();
      case 'go': {
        const claimed = performance.now();
        const now = (): number => claim.now + (performance.now() - claimed);
        return this.#poll({ job, token, fax, progress: parseProgress(job.progress), claim, now });
      }
    }
  };

  async #parse(job: Job, fetched: number): Promise<FaxJob> {
    try {
      return parseFaxJob(job.data);
    } catch (error) {
      if (!(error instanceof PayloadError)) throw error;
      this.#parts.observer.rejected();
      this.#parts.log.warn({ jobId: job.id, reason: error.message }, 'job rejected: its data is not that of a fax job');
      await this.#parts.limit.giveBack(performance.now() - fetched);
      throw new UnrecoverableError(error.message);
    }
  }

  async #alreadyDone(job: Job, result: FaxResult, fetched: number): Promise<FaxResult> {
    // Enqueued after the end: somebody may wait for an event that went by. Enqueued before it, they get the one there was.
    if (job.timestamp >= Date.parse(result.completedAt)) await this.#parts.results.publishAgain(result);
    await this.#parts.limit.giveBack(performance.now() - fetched);
    return result;
  }

  /** Another job polls this fax. This one looks in now and then: it completes with the result, or takes over if the other is gone. */
  async #standBy(job: Job, token: string, now: number, fetched: number): Promise<never> {
    await this.#parts.limit.giveBack(performance.now() - fetched);
    return delayUntil(job, token, now + this.#bounds.maxMs, now);
  }

  async #poll(visit: Visit): Promise<FaxResult> {
    const { fax, claim, progress, job } = visit;
    const { api, brake, gate, rules, observer, settings } = this.#parts;
    if (claim.refusals > 0) await brake.probing(gate.probeMs);
    const sentAt = visit.now();
    const answer = await api.status(fax.faxId);
    const verdict = classify(answer, rules);
    observer.polled(answer, verdict);
    await this.#aboutEveryone(answer, verdict, claim.refusals, sentAt);

    const after = progressAfter(progress, answer, visit.now());
    const decision = decide({
      verdict,
      ageMs: visit.now() - job.timestamp,
      faults: progress.faults,
      deadlineMs: fax.deadlineMs ?? settings.POLL_DEADLINE_MS,
      notFoundGraceMs: settings.NOT_FOUND_GRACE_MS,
    });
    switch (decision.do) {
      case 'finish':
        return this.#finish(visit, after, decision.outcome, answer);
      case 'put_back':
        await this.#note(job, after, `${verdict.kind}: back in the queue`);
        throw new RateLimitError();
      case 'back_off':
        return this.#later(visit, after, faultBackoff(decision.faults, this.#bounds, Math.random()), said(answer));
      case 'poll_again':
        return this.#later(visit, after, pollInterval(visit.now() - job.timestamp, this.#bounds, Math.random()), said(answer));
    }
  }

  /** What an answer means beyond its own fax: the brake, the balance, a wording to be told of. */
  async #aboutEveryone(answer: Answer, verdict: Verdict, refusals: number, sentAt: number): Promise<void> {
    const { brake, wordings, balance } = this.#parts;
    const retryAfterMs = answer.rate.retryAfterMs;
    switch (answer.kind) {
      case 'unauthorized':
        return brake.refused({ reason: 'unauthorized', sentAt, refusals, retryAfterMs: undefined });
      case 'rate_limited':
        return brake.refused({ reason: 'rate_limited', sentAt, refusals, retryAfterMs });
      case 'fault': {
        const down = this.#outage.answered(true);
        if (refusals > 0) return brake.prolonged({ sentAt, refusals, retryAfterMs });
        if (down) return brake.refused({ reason: 'api_down', sentAt, refusals, retryAfterMs });
        return;
      }
      case 'status':
      case 'not_found':
        this.#outage.answered(false);
        if (refusals > 0) {
          this.#outage.reset();
          await brake.answered();
        }
        if (answer.kind !== 'status') return;
        if (answer.userCashBalance !== null) await balance.seen(answer.userCashBalance);
        if (verdict.kind === 'unrecognised') await wordings.met(verdict.wording, answer);
    }
  }

  async #finish(visit: Visit, progress: FaxProgress, outcome: Outcome, answer: Answer): Promise<FaxResult> {
    const { job, fax } = visit;
    const now = visit.now();
    const result = await this.#parts.results.finish(fax.faxId, {
      faxJobId: publicId(fax.faxId),
      ...outcome,
      apiStatus: progress.apiStatus,
      message: progress.lastMessage,
      userCashBalance: answer.kind === 'status' ? answer.userCashBalance : null,
      polls: progress.polls,
      enqueuedAt: new Date(job.timestamp).toISOString(),
      completedAt: new Date(now).toISOString(),
      metadata: fax.metadata,
    });
    const lastPending = visit.progress.lastPollAt === null ? job.timestamp : Date.parse(visit.progress.lastPollAt);
    const lagCeilingMs = Math.max(0, now - lastPending);
    this.#parts.observer.finished(result, lagCeilingMs);
    this.#parts.log.info({ faxJobId: result.faxJobId, state: result.state, reason: result.reason, polls: result.polls, lagCeilingMs }, 'fax finished');
    await this.#note(job, progress, `${result.state} (${result.reason}): ${said(answer)}`);
    return result;
  }

  async #later(visit: Visit, progress: FaxProgress, intervalMs: number, why: string): Promise<never> {
    const { job, token, fax } = visit;
    const now = visit.now();
    // A fax is looked at once more when its deadline comes, not at the first poll after it.
    const deadline = job.timestamp + (fax.deadlineMs ?? this.#parts.settings.POLL_DEADLINE_MS);
    const at = deadline > now ? Math.min(now + intervalMs, Math.max(deadline, now + this.#bounds.minMs)) : now + intervalMs;
    await this.#note(job, { ...progress, nextPollAt: new Date(at).toISOString() }, why);
    return delayUntil(job, token, at, now);
  }

  /** What the dashboard shows of a job: its progress and a line in its log, both bounded. */
  async #note(job: Job, progress: FaxProgress, line: string): Promise<void> {
    this.#parts.log.debug({ jobId: job.id, polls: progress.polls, nextPollAt: progress.nextPollAt }, line);
    await Promise.all([job.updateProgress(progress), job.log(`${progress.lastPollAt ?? ''} poll ${progress.polls}: ${line}`)]);
  }
}

function progressAfter(before: FaxProgress, answer: Answer, now: number): FaxProgress {
  const { apiStatus, message } = answer.kind === 'status' ? answer : { apiStatus: before.apiStatus, message: before.lastMessage };
  return {
    polls: before.polls + 1,
    faults: answer.kind === 'fault' ? before.faults + 1 : 0,
    apiStatus,
    lastMessage: message,
    lastPollAt: new Date(now).toISOString(),
    nextPollAt: null,
  };
}

/** An answer in a few words, for people. */
const said = (answer: Answer): string => {
  if (answer.kind === 'status') return `${answer.apiStatus}: ${answer.message}`.slice(0, SHOWN_MESSAGE_CHARS);
  return answer.kind === 'fault' ? `server fault (${answer.fault})` : answer.kind;
};
