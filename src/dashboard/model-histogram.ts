import { EDGES } from '../schedule/life-table.ts';

/**
 * The completion model in Prometheus's text form, as a histogram: how long faxes take from being enqueued to final. Its
 * count is that of the completions which the model remembers.
 *
 * @param hazards completions per ms of each bin
 * @param completions how many the model remembers
 * @param buckets upper bounds, s, rising
 */
export function modelHistogram(hazards: Float64Array, completions: number, buckets: readonly number[]): string {
  const name = 'fax_completion_age_seconds';
  const finishedBy = (seconds: number): number => {
    const until = seconds * 1000;
    let hazard = 0;
    for (let bin = 0; bin < EDGES.length && (EDGES[bin] as number) < until; bin += 1) {
      hazard += (hazards[bin] as number) * (Math.min(until, EDGES[bin + 1] ?? until) - (EDGES[bin] as number));
    }
    return completions * (1 - Math.exp(-hazard));
  };
  const counts = buckets.map((le) => ({ le, count: finishedBy(le) }));
  let before = { le: 0, count: 0 };
  let sum = 0;
  for (const bucket of counts) {
    sum += ((bucket.count - before.count) * (bucket.le + before.le)) / 2;
    before = bucket;
  }
  return [
    `# HELP ${name} Completion model: time from enqueued to final, as learned by all workers`,
    `# TYPE ${name} histogram`,
    ...counts.map(({ le, count }) => `${name}_bucket{le="${le}"} ${count.toFixed(3)}`),
    `${name}_bucket{le="+Inf"} ${completions.toFixed(3)}`,
    `${name}_sum ${sum.toFixed(3)}`,
    `${name}_count ${completions.toFixed(3)}`,
    '',
  ].join('\n');
}
