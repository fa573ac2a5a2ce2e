import { EDGES } from '../schedule/life-table.ts';

const NAME = 'fax_completion_age_seconds';

/** What an account has learned. */
export type LearnedModel = {
  /** Undefined in a service without accounts. */
  readonly name: string | undefined;
  /** Completions per ms of each bin. */
  readonly hazards: Float64Array;
  /** How many the model remembers. */
  readonly completions: number;
};

/**
 * The completion models in Prometheus's text form, as a histogram: how long faxes take from being enqueued to final.
 * Its count is that of the completions which the model remembers.
 *
 * @param buckets upper bounds, s, rising
 */
export function modelHistogram(models: readonly LearnedModel[], buckets: readonly number[]): string {
  if (models.length === 0) return '';
  return [
    `# HELP ${NAME} Completion model: time from enqueued to final, as learned by all workers`,
    `# TYPE ${NAME} histogram`,
    ...models.flatMap((model) => series(model, buckets)),
    '',
  ].join('\n');
}

function series({ name, hazards, completions }: LearnedModel, buckets: readonly number[]): string[] {
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
  const account = name === undefined ? '' : `account="${name}"`;
  const labels = (le: number | string): string => `{${account}${account && ','}le="${le}"}`;
  const own = account && `{${account}}`;
  return [
    ...counts.map(({ le, count }) => `${NAME}_bucket${labels(le)} ${count.toFixed(3)}`),
    `${NAME}_bucket${labels('+Inf')} ${completions.toFixed(3)}`,
    `${NAME}_sum${own} ${sum.toFixed(3)}`,
    `${NAME}_count${own} ${completions.toFixed(3)}`,
  ];
}
