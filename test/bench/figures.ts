/** The figures of a benchmark, computed the same way for every system. */

export const median = (values: readonly number[]): number => quantile(values, 0.5);

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * Lags, ms, of the faxes that finished in a window; one not seen by `until` counts with the lag that it has by then.
 */
export function lags(
  finishedAt: ReadonlyMap<string, number>,
  seenAt: ReadonlyMap<string, number>,
  from: number,
  to: number,
  until: number,
): number[] {
  const found: number[] = [];
  for (const [id, at] of finishedAt) if (at >= from && at < to) found.push((seenAt.get(id) ?? until) - at);
  return found;
}
