import Table from 'cli-table3';
import { median } from './figures.ts';

/** What was measured, what was wanted, and whether a value is that. */
export type Figure = {
  readonly what: string;
  readonly wanted: string;
  readonly found: number;
  readonly ok: (value: number) => boolean;
};

export const atMost = (what: string, most: number, found: number): Figure => ({
  what,
  wanted: `at most ${most}`,
  found,
  ok: (value) => value <= most,
});

export const atLeast = (what: string, least: number, found: number): Figure => ({
  what,
  wanted: `at least ${least}`,
  found,
  ok: (value) => value >= least,
});

/** A figure to know, of which nothing is wanted. */
export const known = (what: string, found: number): Figure => ({ what, wanted: '', found, ok: () => true });

/** The median of each figure over the runs, which all have the same ones. */
export function figureTable(runs: readonly (readonly Figure[])[]): string {
  const table = new Table({
    head: ['figure', 'wanted', `median of ${runs.length}`, 'each', ''],
    style: { head: [], border: [] },
  });
  for (const [i, { what, wanted, ok }] of (runs[0] ?? []).entries()) {
    const found = runs.map((figures) => (figures[i] as Figure).found);
    const verdict = ok(median(found)) ? 'ok' : 'missed';
    table.push([
      what,
      wanted,
      median(found).toFixed(2),
      found.map((value) => value.toFixed(2)).join(' '),
      wanted === '' ? '' : verdict,
    ]);
  }
  return table.toString();
}
