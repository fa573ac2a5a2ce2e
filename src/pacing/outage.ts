const WINDOW = 20;
const LEAST = 5; // answers before the window says anything

/**
 * Tells from the last answers whether most requests fail: more than half of the last 20, at least 5 of them.
 * One per process: which of them sees an outage first does not matter, as the brake that it pulls is everyone's.
 */
export class OutageDetector {
  #faults: boolean[] = [];

  /** @returns whether, with this answer, most fail */
  answered(fault: boolean): boolean {
    this.#faults = [...this.#faults.slice(1 - WINDOW), fault];
    const failed = this.#faults.filter(Boolean).length;
    return fault && this.#faults.length >= LEAST && failed * 2 > this.#faults.length;
  }

  /** Forgets the past, when the API answers again. */
  reset(): void {
    this.#faults = [];
  }
}
