import type { Fault } from '../fax-api/answer.ts';
import { faultWords } from '../fax-api/fault-words.ts';

const WINDOW = 20;
const LEAST = 5; // answers before the window means anything

/**
 * Decides from the last answers whether most requests fail (more than half of the last 20, with at least 5), and why.
 * One per process: it does not matter which sees an outage first, as the brake that it pulls is everyone's.
 */
export class OutageDetector {
  #answers: (Fault | undefined)[] = [];

  /**
   * @param fault undefined for an answer that is none
   * @returns whether, with this answer, most fail
   */
  answered(fault: Fault | undefined): boolean {
    this.#answers = [...this.#answers.slice(1 - WINDOW), fault];
    return fault !== undefined && this.#answers.length >= LEAST && this.#faults().length * 2 > this.#answers.length;
  }

  /**
   * The most frequent fault of the last answers in plain words, such as `time-out` or `HTTP 500`; of several that are
   * equally frequent, the one that came last. Undefined if there was none.
   */
  cause(): string | undefined {
    const counts = new Map<Fault, number>();
    for (const fault of this.#faults()) {
      const count = counts.get(fault) ?? 0;
      counts.delete(fault); // so that the one that came last stands last
      counts.set(fault, count + 1);
    }
    const none: [fault: Fault | undefined, count: number] = [undefined, 0];
    const [cause] = [...counts].reduce((best, next) => (next[1] >= best[1] ? next : best), none);
    return cause && faultWords(cause);
  }

  /** Forgets the past, when the API answers again. */
  reset(): void {
    this.#answers = [];
  }

  #faults(): Fault[] {
    return this.#answers.filter((fault) => fault !== undefined);
  }
}
