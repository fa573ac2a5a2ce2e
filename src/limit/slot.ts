import type { RateLimit } from './rate-limit.ts';

/** A slot of the pace, taken by a job when BullMQ fetched it. */
export class Slot {
  readonly #limit: Pick<RateLimit, 'giveBack'>;
  readonly #takenAt = performance.now();
  #given: Promise<void> | undefined;

  constructor(limit: Pick<RateLimit, 'giveBack'>) {
    this.#limit = limit;
  }

  /**
   * Gives the slot back, as no request was sent for it. Only the first call does: a second would give back another
   * job's.
   */
  async giveBack(): Promise<void> {
    this.#given ??= this.#limit.giveBack(performance.now() - this.#takenAt);
    await this.#given;
  }
}
