import type { Account } from '../account.ts';
import type { Log } from '../log/log.ts';

const ASLEEP_AFTER_MS = 60_000; // with nothing in flight

/** An account that wakes when something is in flight, and sleeps when nothing was for a minute. */
export class ServedAccount {
  readonly account: Account;
  readonly #polls: boolean;
  readonly #log: Log;
  readonly #asleepAfterMs: number;
  #awake = false;
  #busyAt = -Infinity;
  #ended = false;
  #changing: Promise<void> | undefined;

  /** @param polls whether it polls while it is awake; a dashboard only looks */
  constructor(account: Account, polls: boolean, log: Log, asleepAfterMs = ASLEEP_AFTER_MS) {
    this.account = account;
    this.#polls = polls;
    this.#log = log;
    this.#asleepAfterMs = asleepAfterMs;
  }

  get awake(): boolean {
    return this.#awake;
  }

  /** Wakes it and waits for that; what it rejects with is the error of the start. */
  async wake(): Promise<void> {
    if (this.#awake || this.#ended) return;
    if (this.#polls) await this.account.start();
    this.#awake = true;
  }

  /**
   * It was looked at. It changes in its own time, so that none waits for another.
   *
   * @param now ms, by any clock that does not jump
   */
  seen(inFlight: boolean, now: number): void {
    if (inFlight) this.#busyAt = now;
    if (this.#changing || this.#ended) return;
    if (inFlight && !this.#awake) this.#change(() => this.wake());
    else if (this.#awake && now - this.#busyAt >= this.#asleepAfterMs) this.#change(() => this.#sleep());
  }

  /** Stops it for good: it takes no new job, and finishes those under way. */
  async end(): Promise<void> {
    this.#ended = true;
    await this.#changing;
    await this.#sleep();
  }

  async #sleep(): Promise<void> {
    this.#awake = false;
    if (this.#polls) await this.account.stop();
  }

  #change(step: () => Promise<void>): void {
    this.#changing = step()
      .catch((err: unknown) => this.#log.error({ err, account: this.account.name }, 'start failed: trying again'))
      .finally(() => {
        this.#changing = undefined;
      });
  }
}
