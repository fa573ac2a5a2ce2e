/**
 * How long faxes take: an actuary's life table over age (time from enqueue to final). Each bin of age has the time that faxes
 * were watched in it (exposure) and the completions that fell into it; their quotient is the hazard. A fax that is
 * still pending adds exposure, so unfinished faxes count as they should, and nothing waits for an end. All pure.
 */

const FIRST_EDGE_MS = 50;
const RATIO = 1.1; // between the edges of two bins
const LONGEST_MS = 7 * 24 * 60 * 60_000;

/** The edges of the bins, ms of age: bin i reaches from `EDGES[i]` to `EDGES[i + 1]`. The last one has no end. */
export const EDGES: readonly number[] = (() => {
  const edges = [0];
  for (let edge = FIRST_EDGE_MS; edge < LONGEST_MS; edge *= RATIO) edges.push(edge);
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
  if (ageMs < FIRST_EDGE_MS) return 0;
  const guess = Math.min(BINS - 1, 1 + Math.floor(Math.log(ageMs / FIRST_EDGE_MS) / Math.log(RATIO)));
  if (ageMs < lowest(guess)) return guess - 1;
  return ageMs >= highest(guess) ? guess + 1 : guess;
}

/** Completions per ms of each bin, of those faxes that reach it. */
export function hazards(model: LifeTable): Float64Array {
  return model.exposure.map((exposure, bin) => (exposure > 0 ? at(model.completions, bin) / exposure : 0));
}

/** Adds what is learned from a fax that was found pending at `toMs` after it was last found so at `fromMs`. */
export function learnPending(table: LifeTable, fromMs: number, toMs: number): void {
  for (let bin = binOf(fromMs); bin < BINS && lowest(bin) < toMs; bin += 1) {
    table.exposure[bin] = at(table.exposure, bin) + Math.min(toMs, highest(bin)) - Math.max(fromMs, lowest(bin));
  }
}

/**
 * Adds what is learned from a fax that was found final at `toMs` after it was last found pending at `fromMs`: one completion,
 * spread over the time between by the hazard known so far, and the exposure that goes with it (one step of the EM
 * algorithm for interval-censored data).
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
 * The table that so many faxes would leave whose completion ages have the given distribution.
 *
 * @param distribution rising [age in s, share finished by then] pairs; between them the logarithm of age counts as uniform
 */
export function tableOf(distribution: readonly (readonly [seconds: number, share: number])[], faxes: number): LifeTable {
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
      const part = fromAge === age ? seconds / age : Math.log(Math.max(seconds, fromAge) / fromAge) / Math.log(age / fromAge);
      return fromShare + (share - fromShare) * Math.min(1, Math.max(0, part));
    }
    [fromAge, fromShare] = [age, share];
  }
  return fromShare;
}
