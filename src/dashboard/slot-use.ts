const SECONDS = 60;

/** How many requests went out in the last minute, second by second. */
export class SlotUse {
  readonly #counts = new Uint32Array(SECONDS);
  #second = 0;

  /** A request goes out. @param now ms, by any clock that does not jump */
  used(now: number): void {
    this.#advance(now);
    this.#counts[this.#second % SECONDS] = (this.#counts[this.#second % SECONDS] ?? 0) + 1;
  }

  /** Requests per second over the last minute. */
  perSecond(now: number): number {
    this.#advance(now);
    return this.#counts.reduce((sum, count) => sum + count, 0) / SECONDS;
  }

  #advance(now: number): void {
    const second = Math.floor(now / 1000);
    const passed = Math.min(Math.max(0, second - this.#second), SECONDS);
    for (let i = 1; i <= passed; i += 1) this.#counts[(second - passed + i) % SECONDS] = 0;
    this.#second = Math.max(second, this.#second);
  }
}
