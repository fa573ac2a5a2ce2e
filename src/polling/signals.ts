import type { BalanceWatch } from '../alerts/balance.ts';
import type { Wordings } from '../alerts/wordings.ts';
import type { Log } from '../log/log.ts';
import { OnceAMinute } from '../log/once-a-minute.ts';
import type { FaxProgress } from '../contract/progress.ts';
import type { Answer } from '../fax-api/answer.ts';
import type { Verdict } from '../fax-api/classify.ts';
import type { AnswerRecord } from '../limit/answer-record.ts';
import type { Brake } from '../limit/brake.ts';
import type { LoneRefusals } from '../limit/lone-refusals.ts';
import { OutageDetector } from '../limit/outage.ts';
import type { RateLimit } from '../limit/rate-limit.ts';
import { refusalScope, type RefusalScope } from '../limit/refusal-scope.ts';
import type { Turn } from '../limit/turn.ts';
import type { RedisClock } from '../redis/clock.ts';
import type { OwnKey } from '../limit/own-key.ts';

// what a header says on a good answer stops nobody for longer than a refusal would
const LONGEST_RESET_MS = 300_000;
// a mistyped header must not stop polling for a day
const LONGEST_RETRY_AFTER_MS = { rate_limited: 3_600_000, fault: 30_000 } as const;
// in a row: where most requests fail at random, most faxes have fewer
const FAULTS_OF_ITS_OWN = 3;
const KNOWS_NONE = 'it answers 404 for every fax: check FAX_API_BASE_URL';

/** The fax that a request was about. */
export type Asked = {
  readonly faxId: string;
  /** Its progress before the answer. */
  readonly progress: FaxProgress;
};

/** What an answer means beyond its own fax, as far as the fax's next step depends on it. */
export type Signal =
  | { readonly kind: 'none' }
  /** The answer was a refusal, of everyone, this fax or this worker; everyone is held from now for so long. */
  | { readonly kind: 'refused'; readonly scope: Exclude<RefusalScope, 'maybe_fax'>; readonly heldMs: number }
  /** The answer was a 404 that says nothing of this fax, as all were. */
  | { readonly kind: 'not_found_for_all' };

const NONE: Signal = { kind: 'none' };

export type FleetSignalsParts = {
  readonly brake: Brake;
  readonly limit: RateLimit;
  readonly clock: RedisClock;
  readonly answers: AnswerRecord;
  readonly loneRefusals: LoneRefusals;
  readonly key: OwnKey;
  readonly wordings: Wordings;
  readonly log: Log;
  readonly balance: BalanceWatch;
};

/**
 * Acts on what an answer means beyond its own fax: the brake, the worker's own key, the balance, wordings that no rule
 * knows.
 */
export class FleetSignals {
  readonly #parts: FleetSignalsParts;
  readonly #outage = new OutageDetector();
  readonly #failures = new OnceAMinute();

  constructor(parts: FleetSignalsParts) {
    this.#parts = parts;
  }

  async onAnswer(answer: Answer, verdict: Verdict, turn: Turn, asked: Asked): Promise<Signal> {
    switch (answer.kind) {
      case 'unauthorized':
      case 'rate_limited':
        return this.#onRefusal(answer, turn, asked);
      case 'fault':
        return this.#onFault(answer, turn, asked);
      case 'not_found':
        return this.#onNotFound(answer, turn, asked);
      case 'status':
        await this.#onStatus(answer, verdict, turn).catch((error: unknown) => this.#onFailedNote(error as Error));
        return NONE;
    }
  }

  async #onStatus(answer: Answer & { kind: 'status' }, verdict: Verdict, turn: Turn): Promise<void> {
    const { answers, balance, wordings } = this.#parts;
    await Promise.all([this.#onGoodAnswer(answer, turn), answers.answered(turn.sentAt)]);
    if (answer.userCashBalance !== null) await balance.seen(answer.userCashBalance);
    if (verdict.kind === 'unrecognised') await wordings.met(verdict.wording, answer);
  }

  /** What Redis does not take of this is no reason to throw the status of the fax away. */
  #onFailedNote({ message: reason }: Error): void {
    if (this.#failures.isDue(reason))
      this.#parts.log.warn({ reason }, 'what an answer says of the API is not recorded');
  }

  async #onRefusal(
    answer: Answer & { kind: 'unauthorized' | 'rate_limited' },
    turn: Turn,
    { faxId, progress }: Asked,
  ): Promise<Signal> {
    const { answers, brake, clock, key, limit, loneRefusals } = this.#parts;
    const reason = answer.kind;
    const known = progress.lastPendingAt !== null;
    const refusedBeforeAt = progress.refusedAt === null ? 0 : Date.parse(progress.refusedAt);
    if (reason === 'unauthorized') key.onUnauthorized(faxId, known, clock.now());
    const isNew = !known && refusedBeforeAt === 0;
    const [workerAnsweredAt, othersAnsweredAt] = [answers.answeredAt, await answers.othersAnsweredAt()];
    const answeredAt = Math.max(workerAnsweredAt, othersAnsweredAt);
    const scope = refusalScope({
      reason,
      refusedBeforeAt,
      newInARow: isNew && turn.refusals === 0 ? await loneRefusals.next(reason, clock.now(), answeredAt) : 0,
      refusedAloneBefore: progress.refusedAlone,
      workerAnsweredAt,
      othersAnsweredAt,
      unauthorizedFaxes: key.unauthorizedFaxes,
      unauthorizedSince: key.unauthorizedSince,
    });
    if (scope === 'worker') {
      key.stop();
      if (turn.refusals > 0) await brake.yieldProbe();
      return { kind: 'refused', scope, heldMs: 0 };
    }
    // It waits as if everyone were held, and if it is refused again, that tells.
    if (scope === 'maybe_fax') return { kind: 'refused', scope: 'everyone', heldMs: 0 };
    if (scope === 'fax' && !progress.refusedAlone) {
      await loneRefusals.found(reason);
      if (reason === 'rate_limited') await limit.forgive(refusedBeforeAt);
    }
    // A probe that was refused leaves the brake on, whomever the refusal is about: the next probe is another fax.
    if (scope === 'fax' && turn.refusals === 0) return { kind: 'refused', scope, heldMs: 0 };
    if (scope === 'everyone') await loneRefusals.stoppedAll(reason, isNew && turn.refusals === 0);
    const retryAfterMs = reason === 'rate_limited' ? believed(answer, 'rate_limited') : undefined;
    const heldMs = await brake.onRefusal({ turn, reason, retryAfterMs, known });
    if (reason === 'unauthorized' && scope === 'everyone' && limit.workers > 1) key.stepAside(heldMs);
    return { kind: 'refused', scope, heldMs };
  }

  async #onFault(answer: Answer & { kind: 'fault' }, turn: Turn, asked: Asked): Promise<Signal> {
    if (turn.refusals === 0 && (await this.#isOwnFault(asked.progress))) return NONE;
    const down = this.#outage.answered(answer.fault);
    await this.#onFailure(down, turn, asked, believed(answer, 'fault'), this.#outage.cause());
    return NONE;
  }

  /** A fax that fails again and again while others are answered says nothing of the API. */
  async #isOwnFault({ faults, lastPollAt }: FaxProgress): Promise<boolean> {
    if (faults < FAULTS_OF_ITS_OWN || lastPollAt === null) return false;
    const { answers } = this.#parts;
    return Math.max(answers.answeredAt, await answers.othersAnsweredAt()) > Date.parse(lastPollAt);
  }

  async #onNotFound(answer: Answer, turn: Turn, asked: Asked): Promise<Signal> {
    const meaning = await this.#parts.answers.notFound(asked.faxId, turn.sentAt);
    if (meaning === 'of_all') await this.#onFailure(true, turn, asked, undefined, KNOWS_NONE);
    else await this.#onGoodAnswer(answer, turn);
    return meaning === 'of_this_fax' ? NONE : { kind: 'not_found_for_all' };
  }

  async #onFailure(
    down: boolean,
    turn: Turn,
    { progress }: Asked,
    retryAfterMs: number | undefined,
    cause: string | undefined,
  ): Promise<void> {
    const { brake } = this.#parts;
    const known = progress.lastPendingAt !== null;
    const failure = { turn, retryAfterMs, known, ...(cause !== undefined && { cause }) };
    if (turn.refusals > 0) await brake.prolong(failure);
    else if (down) await brake.onRefusal({ ...failure, reason: 'api_down' });
  }

  async #onGoodAnswer(answer: Answer, { refusals }: Turn): Promise<void> {
    const { brake, key, limit } = this.#parts;
    this.#outage.answered(undefined);
    key.onTaken();
    if (refusals > 0) {
      this.#outage.reset();
      await brake.onGoodAnswer();
    }
    // The API says itself that nothing is left until then: a request before would be refused.
    const { remaining, resetMs } = answer.rate;
    if (remaining === 0 && resetMs !== undefined && resetMs > 0) {
      await limit.hold(Math.min(resetMs, LONGEST_RESET_MS));
    }
  }
}

/** `Retry-After`, as far as it is believed, ms. */
function believed({ rate }: Answer, kind: keyof typeof LONGEST_RETRY_AFTER_MS): number | undefined {
  return rate.retryAfterMs === undefined ? undefined : Math.min(rate.retryAfterMs, LONGEST_RETRY_AFTER_MS[kind]);
}
