const MINUTE_MS = 60_000;
const MAX_REASONS = 100; // a reason may hold an id

/** Says which failures to log: each reason once a minute, as what is tried every second may fail for the same one. */
export class OnceAMinute {
  readonly #loggedAt = new Map<string, number>();

  /** @param now ms, by any clock that does not jump */
  isDue(reason: string, now = performance.now()): boolean {
    if (now - (this.#loggedAt.get(reason) ?? -Infinity) < MINUTE_MS) return false;
    if (this.#loggedAt.size >= MAX_REASONS) this.#loggedAt.clear();
    this.#loggedAt.set(reason, now);
    return true;
  }
}
