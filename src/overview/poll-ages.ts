import type { IntervalBounds } from '../schedule/choose.ts';
import { EDGES } from '../schedule/life-table.ts';
import { worth, type SurvivalCurve } from '../schedule/worth.ts';

/** The share of faxes that are still pending at an age, ms. */
export type SurvivalPoint = { readonly ageMs: number; readonly share: number };

const MOST_POLLS = 200;
const LEAST_SHARE = 0.005; // what hardly any fax reaches is not drawn
const LONGEST_MS = 24 * 60 * 60_000;
const EXACT_MS = 10;

const shareAt = (curve: SurvivalCurve, ageMs: number): number => Math.exp(-curve.cumulativeHazard(ageMs));

/** The survival curve as points to draw, up to the age that few faxes reach, a day at most. Pure. */
export function survivalPoints(curve: SurvivalCurve): SurvivalPoint[] {
  const points: SurvivalPoint[] = [];
  for (const ageMs of EDGES) {
    if (ageMs > LONGEST_MS) break;
    const share = shareAt(curve, ageMs);
    points.push({ ageMs, share });
    if (share < LEAST_SHARE) break;
  }
  return points;
}

/**
 * The ages at which a fax that stays pending is polled, if a slot goes on being worth as much as now. Pure.
 *
 * @param slotWorthMs what the poll chosen last was worth, ms of lag; 0 while slots are left over
 * @param from the age at which it was last known pending, ms
 * @returns ms, rising, up to the age that few faxes reach
 */
export function pollAges(curve: SurvivalCurve, bounds: IntervalBounds, slotWorthMs: number, from = 0): number[] {
  const ages: number[] = [];
  while (ages.length < MOST_POLLS && from <= LONGEST_MS && shareAt(curve, from) >= LEAST_SHARE) {
    from = nextPollAge(curve, from, bounds, slotWorthMs);
    ages.push(from);
  }
  return ages;
}

/**
 * The first age at which the poll is worth a slot, within the bounds of the interval. Pure.
 *
 * @param from the age at which the fax was last known pending, ms
 * @param slotWorthMs what a poll must be worth, ms of lag
 * @returns ms
 */
export function nextPollAge(
  curve: SurvivalCurve,
  from: number,
  { minMs, maxMs }: IntervalBounds,
  slotWorthMs: number,
): number {
  let [early, late] = [from + minMs, from + Math.max(minMs, maxMs)];
  if (worth(curve, from, early) >= slotWorthMs) return early;
  while (late - early > EXACT_MS) {
    const middle = (early + late) / 2; // the worth never falls with age
    if (worth(curve, from, middle) >= slotWorthMs) late = middle;
    else early = middle;
  }
  return late;
}
