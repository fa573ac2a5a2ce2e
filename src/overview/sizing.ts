import { greatestInterval, type IntervalBounds } from '../schedule/choose.ts';
import type { SurvivalCurve } from '../schedule/worth.ts';
import { leastLag } from './expected-lag.ts';

/** How many faxes there are, and what may be asked about them. */
export type Load = {
  readonly faxesPerHour: number;
  /** Requests per second. */
  readonly pace: number;
};

/** What a load leads to. */
export type Sized = Load & {
  /** Requests for each fax: as many as the pace allows, or as the least interval does. */
  readonly pollsPerFax: number;
  /** How late a finished fax is found on average, ms; null if the pace does not carry so many faxes. */
  readonly meanLagMs: number | null;
};

const HOUR_S = 3_600;
const DAY_MS = 24 * HOUR_S * 1_000;
const LEAST_POLLS = 1; // that find a fax final: with fewer, faxes in flight pile up

/**
 * How late faxes are found at a load by the best schedule of polls. Pure.
 *
 * @param bounds of the interval between two polls, as they are set
 */
export function sized(curve: SurvivalCurve, bounds: IntervalBounds, { faxesPerHour, pace }: Load): Sized {
  const load = { faxesPerHour, pace };
  const budget = (pace * HOUR_S) / faxesPerHour;
  if (budget <= LEAST_POLLS) return { ...load, pollsPerFax: budget, meanLagMs: null };
  const inFlight = (faxesPerHour / HOUR_S) * (curve.timeToCome(0) / 1000);
  const kept = { minMs: bounds.minMs, maxMs: greatestInterval(bounds.maxMs, inFlight, pace) };
  const best = leastLag(curve, kept, budget) ?? leastLag(curve, { ...kept, maxMs: DAY_MS }, budget);
  return { ...load, pollsPerFax: best?.pollsPerFax ?? budget, meanLagMs: best?.meanLagMs ?? null };
}
