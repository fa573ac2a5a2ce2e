import type { Fate, SimulatedAnswer } from '../../src/simulator/fate.ts';
import { fateOf, UNDER_WAY } from '../../src/simulator/fate.ts';
import type { Harness } from './harness.ts';

/** Faxes that stay as they are until a test says otherwise, each at its place in the stand-in's list. */
export class ScriptedFaxes {
  readonly #harness: Harness;
  readonly #fates = new Map<number, { afterMs: number; answer: SimulatedAnswer }[]>();

  constructor(harness: Harness) {
    this.#harness = harness;
  }

  get ids(): number[] {
    return [...this.#fates.keys()];
  }

  /** Sends and enqueues faxes that are under way, or as the answer says. @returns their ids */
  async send(count: number, answer = UNDER_WAY): Promise<number[]> {
    const ids = Array.from({ length: count }, (_, i) => this.#fates.size + i + 1);
    for (const id of ids) {
      const then: Fate['then'] = [{ afterMs: 0, answer }];
      this.#fates.set(id, then as { afterMs: number; answer: SimulatedAnswer }[]);
      this.#harness.simulator.send(id, { then });
    }
    await this.enqueue(ids);
    return ids;
  }

  async enqueue(ids: readonly number[]): Promise<void> {
    await this.#harness.queue.addBulk(ids.map((faxJobId) => ({ name: 'poll', data: { faxJobId } })));
  }

  /** From now on each is answered so; as sent, if nothing is given. */
  finish(ids: readonly number[], answer = SENT): void {
    for (const id of ids) this.#fates.get(id)?.push({ afterMs: 0, answer });
  }
}

const SENT = fateOf('sent', 0).then[0]?.answer as SimulatedAnswer;
