import type { Account } from '../account.ts';
import type { Log } from '../log/log.ts';
import { OnceAMinute } from '../log/once-a-minute.ts';

const LOOK_WHILE_AWAKE_MS = 5_000; // that only tells when to sleep
const ASLEEP_AFTER_MS = 60_000; // with nothing in flight

/** An account that wakes when something is in flight, and sleeps when nothing was for a minute. */
export class ServedAccount {
  readonly account: Account;
  readonly #polls: boolean;
  readonly #log: Log;
  readonly #asleepAfterMs: number;
  readonly #failures = new OnceAMinute();
  #started = false;
  #failing = false;
  #busyAt = -Infinity;
  #seenAt = -Infinity;
  #ended = false;
  #changing: Promise<void> | undefined;

  /** @param polls whether it polls while it is awake; a dashboard only looks */
  constructor(account: Account, polls: boolean, log: Log, asleepAfterMs = ASLEEP_AFTER_MS) {
    this.account = account;
    this.#polls = polls;
    this.#log = log;
    this.#asleepAfterMs = asleepAfterMs;
  }

  /** Whether it polls, or would if its start did not fail. */
  get awake(): boolean {
    return this.#started || this.#failing;
  }

  /** Whether to look at it. @param now ms, by any clock that does not jump */
  isDue(now: number): boolean {
    return !this.#started || now - this.#seenAt >= LOOK_WHILE_AWAKE_MS;
  }

  /** Wakes it and waits for that; what it rejects with is the error of the start. */
  async wake(): Promise<void> {
    if (this.#started || this.#ended) return;
    if (this.#polls) await this.account.start();
    this.#started = true;
    this.#failing = false;
  }

  /**
   * It was looked at. It changes in its own time, so that none waits for another.
   *
   * @param now ms, by any clock that does not jump
   */
  seen(inFlight: boolean, now: number): void {
    this.#seenAt = now;
    if (inFlight) this.#busyAt = now;
    if (this.#changing || this.#ended) return;
    if (inFlight && !this.#started)
      this.#change(() => this.wake().catch((error: unknown) => this.#onFailure(error as Error)));
    else if (this.awake && now - this.#busyAt >= this.#asleepAfterMs) this.#change(() => this.#sleep());
  }

  /** Stops it for good: it takes no new job, and finishes those under way. */
  async end(): Promise<void> {
    this.#ended = true;
    await this.#changing;
    await this.#sleep();
  }

  async #sleep(): Promise<void> {
    this.#started = false;
    this.#failing = false;
    if (this.#polls) await this.account.stop();
  }

  #onFailure(err: Error): void {
    this.#failing = !this.#ended;
    if (!this.#failures.isDue(err.message)) return;
    this.#log.error({ err, account: this.account.name }, 'account cannot start: trying again every second');
  }

  #change(step: () => Promise<void>): void {
    this.#changing = step()
      .catch((err: unknown) => this.#log.error({ err, account: this.account.name }, 'account not stopped properly'))
      .finally(() => {
        this.#changing = undefined;
      });
  }
}
