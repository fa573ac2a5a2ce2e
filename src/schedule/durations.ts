import { BINS, EDGES } from './life-table.ts';

/**
 * How long so many faxes would take by the completion model: evenly spaced quantiles of its distribution. Nothing in
 * them points to a single fax.
 *
 * @param hazards completions per ms of each bin, above 0 in the last one
 * @returns seconds, rising
 */
export function durationsOf(hazards: Float64Array, count: number): number[] {
  const durations: number[] = [];
  let [bin, passed] = [0, 0]; // hazard up to the lower edge of the bin
  for (let fax = 0; fax < count; fax += 1) {
    const wanted = -Math.log1p(-(fax + 0.5) / count);
    for (; bin < BINS - 1; bin += 1) {
      const next = passed + (hazards[bin] as number) * ((EDGES[bin + 1] as number) - (EDGES[bin] as number));
      if (next > wanted) break;
      passed = next;
    }
    durations.push(((EDGES[bin] as number) + (wanted - passed) / (hazards[bin] as number)) / 1000);
  }
  return durations;
}

/**
 * Durations as the benchmarks take them with `--csv`: a header, then one duration in seconds a line, to the
 * millisecond.
 */
export const durationsCsv = (durations: readonly number[]): string =>
  ['seconds', ...durations.map((seconds) => seconds.toFixed(3)), ''].join('\n');
