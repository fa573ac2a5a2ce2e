import type { BalanceWatch } from '../alerts/balance.ts';
import type { Wordings } from '../alerts/wordings.ts';
import type { Answer, Fault } from '../fax-api/answer.ts';
import type { Verdict } from '../fax-api/classify.ts';
import type { Brake } from '../pacing/brake.ts';
import { OutageDetector } from '../pacing/outage.ts';
import type { RateLimit } from '../pacing/rate-limit.ts';

const LONGEST_HOLD_MS = 300_000; // contract §2: what a header says on a good answer stops nobody for longer than a refusal would

/** When a request was sent (time of Redis, ms since 1970), and how many refusals in a row its claim told of: over 0 for a probe. */
export type Sent = { readonly sentAt: number; readonly refusals: number };

/** What an answer means beyond its own fax: for the brake, the balance, and wordings to be told of. */
export class FleetSignals {
  readonly #brake: Brake;
  readonly #limit: RateLimit;
  readonly #wordings: Wordings;
  readonly #balance: BalanceWatch;
  readonly #outage = new OutageDetector();

  constructor(brake: Brake, limit: RateLimit, wordings: Wordings, balance: BalanceWatch) {
    this.#brake = brake;
    this.#limit = limit;
    this.#wordings = wordings;
    this.#balance = balance;
  }

  async answered(answer: Answer, verdict: Verdict, sent: Sent): Promise<void> {
    const retryAfterMs = answer.rate.retryAfterMs;
    switch (answer.kind) {
      case 'unauthorized':
        return this.#brake.refused({ ...sent, reason: 'unauthorized', retryAfterMs: undefined });
      case 'rate_limited':
        return this.#brake.refused({ ...sent, reason: 'rate_limited', retryAfterMs });
      case 'fault':
        return this.#fault(answer.fault, { ...sent, retryAfterMs });
      case 'status':
      case 'not_found':
        await this.#good(answer, sent);
        if (answer.kind !== 'status') return;
        if (answer.userCashBalance !== null) await this.#balance.seen(answer.userCashBalance);
        if (verdict.kind === 'unrecognised') await this.#wordings.met(verdict.wording, answer);
    }
  }

  async #fault(fault: Fault, refusal: Sent & { retryAfterMs: number | undefined }): Promise<void> {
    const down = this.#outage.answered(fault);
    if (refusal.refusals > 0) await this.#brake.prolonged(refusal);
    else if (down) await this.#brake.refused({ ...refusal, reason: 'api_down' });
  }

  async #good(answer: Answer, { refusals }: Sent): Promise<void> {
    this.#outage.answered(undefined);
    if (refusals > 0) {
      this.#outage.reset();
      await this.#brake.answered();
    }
    // The API says itself that nothing is left until then: a request before would be refused.
    const { remaining, resetMs } = answer.rate;
    if (remaining === 0 && resetMs !== undefined && resetMs > 0) await this.#limit.hold(Math.min(resetMs, LONGEST_HOLD_MS));
  }
}
