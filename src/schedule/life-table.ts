/**
 * How long faxes take: an actuary's life table over age (time from enqueue to final). Each bin of age has the time that
 * faxes were watched in it (exposure) and the completions that fell into it; their quotient is the hazard. A fax that
 * is still pending adds exposure, so unfinished faxes count as they should, and nothing waits for an end. All pure.
 */

const LONGEST_MS = 7 * 24 * 60 * 60_000;
// How wide bins are from which age on, as the ratio of a bin's edges. A provider that tries again after 10 minutes does
// so within half a minute, which bins of 10 % cannot see; at the ages below and above, finer bins would gain hardly
// anything.
const RATIOS = [
  { fromMs: 50, ratio: 1.1 },
  { fromMs: 5_000, ratio: 1.03 },
  { fromMs: 3_600_000, ratio: 1.1 },
] as const;

/** The edges of the bins, ms of age: bin i reaches from `EDGES[i]` to `EDGES[i + 1]`. The last one has no end. */
export const EDGES: readonly number[] = (() => {
  const edges = [0];
  for (const [i, { fromMs, ratio }] of RATIOS.entries()) {
    const until = RATIOS[i + 1]?.fromMs ?? LONGEST_MS;
    for (let edge = fromMs; edge < until; edge *= ratio) edges.push(edge);
  }
  return edges;
})();
export const BINS = EDGES.length;

/** Exposure (ms) and completions of each bin: a model, or what was learned since. */
export type LifeTable = { readonly exposure: Float64Array; readonly completions: Float64Array };

export const emptyTable = (): LifeTable => ({ exposure: new Float64Array(BINS), completions: new Float64Array(BINS) });

const lowest = (bin: number): number => EDGES[bin] as number;
const highest = (bin: number): number => EDGES[bin + 1] ?? Infinity;
const at = (values: Float64Array, bin: number): number => values[bin] as number;

/** The bin that an age falls into. */
export function binOf(ageMs: number): number {
  let [first, end] = [0, BINS];
  while (end - first > 1) {
    const middle = (first + end) >> 1;
    if (lowest(middle) <= ageMs) first = middle;
    else end = middle;
  }
  return first;
}

/** Completions per ms of each bin, of those faxes that reach it. */
export function hazards(model: LifeTable): Float64Array {
  return model.exposure.map((exposure, bin) => (exposure > 0 ? at(model.completions, bin) / exposure : 0));
}

const GROUPS = [64, 16, 4, 1]; // bins to a group, from the roughest view of a distribution to the finest
const CREDIBILITY = 0.3; // completions in a group that count as much as what was assumed of it

/**
 * The hazard in each bin by what was learned and by a prior: fine where completions fill the bins, smooth where there
 * are few.
 *
 * Groups of bins, large ones first, are scaled by completions seen over completions expected, as far as their number
 * makes that credible. A group keeps the shape within it until its own parts tell otherwise, so a single completion
 * lifts its surroundings, and the prior fades soon where faxes are watched but stays where none has been.
 *
 * @param prior completions per ms of each bin, above 0
 */
export function estimate(learned: LifeTable, prior: Float64Array): Float64Array {
  const estimated = prior.slice();
  for (const size of GROUPS) {
    for (let first = 0; first < BINS; first += size) {
      const end = Math.min(BINS, first + size);
      let [seen, expected] = [0, 0];
      for (let bin = first; bin < end; bin += 1) {
        seen += at(learned.completions, bin);
        expected += at(learned.exposure, bin) * at(estimated, bin);
      }
      const scale = (seen + CREDIBILITY) / (expected + CREDIBILITY);
      for (let bin = first; bin < end; bin += 1) estimated[bin] = at(estimated, bin) * scale;
    }
  }
  return estimated;
}

/** Adds what is learned from a fax that was found pending at `toMs` after it was last found so at `fromMs`. */
export function learnPending(table: LifeTable, fromMs: number, toMs: number): void {
  for (let bin = binOf(fromMs); bin < BINS && lowest(bin) < toMs; bin += 1) {
    table.exposure[bin] = at(table.exposure, bin) + Math.min(toMs, highest(bin)) - Math.max(fromMs, lowest(bin));
  }
}

/**
 * Adds what is learned from a fax that was found final at `toMs` after it was last found pending at `fromMs`: one
 * completion, spread over the time between by the hazard known so far, and the exposure that goes with it (one step of
 * the EM algorithm for interval-censored data).
 */
export function learnCompletion(table: LifeTable, known: Float64Array, fromMs: number, toMs: number): void {
  const first = binOf(fromMs);
  const last = Math.max(first, binOf(Math.max(fromMs, toMs - 1e-9)));
  const share = new Float64Array(last - first + 1);
  let survival = 1;
  let total = 0;
  for (let bin = first; bin <= last; bin += 1) {
    const width = Math.min(toMs, highest(bin)) - Math.max(fromMs, lowest(bin));
    const next = survival * Math.exp(-(at(known, bin) + 1e-12) * Math.max(0, width));
    share[bin - first] = survival - next + 1e-15;
    total += survival - next + 1e-15;
    survival = next;
  }
  let open = 1; // the share of the completion that lies in this bin or later
  for (let bin = first; bin <= last; bin += 1) {
    const part = at(share, bin - first) / total;
    const width = Math.max(0, Math.min(toMs, highest(bin)) - Math.max(fromMs, lowest(bin)));
    table.completions[bin] = at(table.completions, bin) + part;
    table.exposure[bin] = at(table.exposure, bin) + width * (open - part / 2);
    open -= part;
  }
}

/** The sum of two tables. */
export const plus = (a: LifeTable, b: LifeTable): LifeTable => ({
  exposure: a.exposure.map((value, bin) => value + at(b.exposure, bin)),
  completions: a.completions.map((value, bin) => value + at(b.completions, bin)),
});

/**
 * The table that this many faxes would leave if their completion ages had the given distribution.
 *
 * @param distribution rising [age in s, share finished by then] pairs; between them the logarithm of age counts as
 *   uniform
 */
export function tableOf(
  distribution: readonly (readonly [seconds: number, share: number])[],
  faxes: number,
): LifeTable {
  const table = emptyTable();
  let survival = 1;
  for (let bin = 0; bin < BINS; bin += 1) {
    const to = Math.min(highest(bin), 2 * LONGEST_MS);
    const after = 1 - shareBy(distribution, to / 1000);
    const width = to - lowest(bin);
    table.completions[bin] = faxes * Math.max(0, survival - after);
    table.exposure[bin] = faxes * width * Math.max(1e-6, (survival + after) / 2);
    survival = after;
  }
  return table;
}

function shareBy(distribution: readonly (readonly [number, number])[], seconds: number): number {
  let [fromAge, fromShare] = [distribution[0]?.[0] ?? 1, 0];
  for (const [age, share] of distribution) {
    if (seconds <= age) {
      const part =
        fromAge === age ? seconds / age : Math.log(Math.max(seconds, fromAge) / fromAge) / Math.log(age / fromAge);
      return fromShare + (share - fromShare) * Math.min(1, Math.max(0, part));
    }
    [fromAge, fromShare] = [age, share];
  }
  return fromShare;
}
