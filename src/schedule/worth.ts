import { binOf, EDGES } from './life-table.ts';

const LAST = EDGES.length - 1;
// Completions per ms. Less than one in 30 years is none: its inverse would leave no digits for the lags of polls.
const LEAST_HAZARD = 1e-12;
const edge = (bin: number): number => EDGES[bin] as number;
const at = (values: Float64Array, bin: number): number => values[bin] as number;

/** The mean time, ms, for which a fax that is pending now stays so within the next `ms`, at a constant hazard. */
const openFor = (hazard: number, ms: number): number => (hazard > 0 ? -Math.expm1(-hazard * ms) / hazard : ms);

/**
 * The survival curve S of the completion model: the share of faxes that are still pending at an age. What takes a walk
 * through the bins is computed once, when the model is renewed; each question about the curve is then one search for a
 * bin.
 *
 * Everything is relative to the survival at the age in question, as S itself underflows at ages that hardly any fax
 * reaches.
 */
export class SurvivalCurve {
  readonly #hazards: Float64Array;
  readonly #cumulative = new Float64Array(EDGES.length); // hazard up to each edge
  readonly #toCome = new Float64Array(EDGES.length); // mean time, ms, for which a fax pending at the edge stays so

  private constructor(hazards: Float64Array) {
    this.#hazards = hazards.map((hazard) => (hazard < LEAST_HAZARD ? 0 : hazard));
    for (let bin = 1; bin <= LAST; bin += 1) {
      const width = edge(bin) - edge(bin - 1);
      this.#cumulative[bin] = at(this.#cumulative, bin - 1) + at(this.#hazards, bin - 1) * width;
    }
    for (let bin = LAST; bin > 0; bin -= 1) this.#toCome[bin] = this.#toComeWithin(bin, edge(bin));
  }

  /** @param hazards completions per ms of each bin of the completion model; the last bin has no end */
  static of(hazards: Float64Array): SurvivalCurve {
    return new SurvivalCurve(hazards);
  }

  /** The hazard summed up from age 0 to an age, ms: minus the logarithm of the survival. */
  cumulativeHazard(ageMs: number): number {
    const bin = binOf(ageMs);
    return at(this.#cumulative, bin) + at(this.#hazards, bin) * (ageMs - edge(bin));
  }

  /**
   * The mean time for which a fax that is pending at this age stays so, ms. Where the last bin has no hazard that time
   * has no end, and is counted up to the last edge (negative past it), which is enough for differences.
   */
  timeToCome(ageMs: number): number {
    return this.#toComeWithin(binOf(ageMs), ageMs);
  }

  #toComeWithin(bin: number, ageMs: number): number {
    const hazard = at(this.#hazards, bin);
    if (bin === LAST) return hazard > 0 ? 1 / hazard : edge(LAST) - ageMs;
    const rest = edge(bin + 1) - ageMs;
    return openFor(hazard, rest) + Math.exp(-hazard * rest) * at(this.#toCome, bin + 1);
  }
}

/**
 * What a poll is worth: the lag that it is expected to end, ∫ (1 − S(s)/S(from)) ds over the ages `from` to `to`. That
 * is the mean time since the fax finished, where a fax that is still pending counts as 0. Worths add up over faxes.
 *
 * @param fromMs the age at which the fax was last known pending, ms; 0 if it was never asked for
 * @param toMs its age now, ms; not below `fromMs`
 * @returns ms, from 0 up to `toMs - fromMs`
 */
export function worth(curve: SurvivalCurve, fromMs: number, toMs: number): number {
  const survival = Math.exp(curve.cumulativeHazard(fromMs) - curve.cumulativeHazard(toMs));
  const pending = curve.timeToCome(fromMs) - survival * curve.timeToCome(toMs); // of the time between, on average
  return Math.max(0, toMs - fromMs - pending); // a difference of large numbers may come out a hair below 0
}
