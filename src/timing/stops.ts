import { within } from './within.ts';

/**
 * The stops of what has been started, to be called in reverse. Each is called, whatever becomes of the others; all of
 * them together are waited for no longer than a time. So a connection that is away cannot hold up the end.
 */
export class Stops implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack();
  readonly #patienceMs: number;
  #endAt = Infinity;

  /** @param patienceMs how long all stops together are waited for, ms */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  /** Adds the stop of a part that has just been started. */
  defer(stop: () => unknown): void {
    this.#stack.defer(() => within(Math.max(0, this.#endAt - performance.now()), quietly(stop)));
  }

  /** Adds a stop that is waited for a time of its own, even when the others have used up theirs. */
  deferWithin(ms: number, stop: () => unknown): void {
    this.#stack.defer(() => within(ms, quietly(stop)));
  }

  /** Calls the stops, the last one added first. Never rejects; a second call does nothing. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#endAt = Math.min(this.#endAt, performance.now() + this.#patienceMs);
    await this.#stack.disposeAsync();
  }
}

/** What cannot be stopped is ending anyway. */
async function quietly(stop: () => unknown): Promise<void> {
  try {
    await stop();
  } catch {
    // such as a command on a connection that is away
  }
}
