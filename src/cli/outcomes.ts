import Table from 'cli-table3';
import type { FaxResult } from '../contract/result.ts';

/** How many faxes ended in each way. */
export class Outcomes {
  readonly #counts = new Map<string, number>();

  get sent(): number {
    return this.#counts.get('sent ok') ?? 0;
  }

  add({ state, reason }: FaxResult): void {
    const outcome = `${state} ${reason}`;
    this.#counts.set(outcome, (this.#counts.get(outcome) ?? 0) + 1);
  }

  /** As a table for people. */
  toString(): string {
    const table = new Table({ head: ['outcome', 'reason', 'faxes'], style: { head: [], border: [] } });
    for (const [outcome, count] of [...this.#counts].sort()) table.push([...outcome.split(' '), count]);
    return table.toString();
  }
}
