import type { IntervalBounds } from '../schedule/choose.ts';
import { worth, type SurvivalCurve } from '../schedule/worth.ts';
import { nextPollAge } from './poll-ages.ts';

/** What a schedule costs and how soon it finds a finished fax, on average. */
export type Expectation = { readonly pollsPerFax: number; readonly meanLagMs: number };

const LONGEST_MS = 24 * 60 * 60_000;
const LEAST_SHARE = 1e-4; // what so few faxes reach changes no mean
const LEAST_INTERVAL_MS = 200; // less changes no mean that people care about, and would take long to add up
const LEAST_WORTH_MS = 1;
const GREATEST_WORTH_MS = 1e8;
const HALVINGS = 40;

/**
 * The schedule that polls whenever the poll is worth so much. Pure.
 *
 * @param slotWorthMs what a poll must be worth, ms of lag
 */
export function expectationOf(curve: SurvivalCurve, bounds: IntervalBounds, slotWorthMs: number): Expectation {
  const kept = { ...bounds, minMs: Math.max(bounds.minMs, LEAST_INTERVAL_MS) };
  let [from, share, pollsPerFax, meanLagMs] = [0, 1, 0, 0];
  while (from < LONGEST_MS && share > LEAST_SHARE) {
    const age = nextPollAge(curve, from, kept, slotWorthMs);
    pollsPerFax += share; // each fax pending at the last poll takes one more
    meanLagMs += share * worth(curve, from, age);
    share = Math.exp(-curve.cumulativeHazard(age));
    from = age;
  }
  return { pollsPerFax, meanLagMs };
}

/**
 * The least mean lag that polls alone can have at so many polls per fax. Pure.
 *
 * @returns undefined if the bounds of the interval need more polls than that
 */
export function leastLag(curve: SurvivalCurve, bounds: IntervalBounds, pollsPerFax: number): Expectation | undefined {
  const often = expectationOf(curve, bounds, 0);
  if (often.pollsPerFax <= pollsPerFax) return often;
  let [low, high] = [LEAST_WORTH_MS, GREATEST_WORTH_MS];
  for (let i = 0; i < HALVINGS; i += 1) {
    const middle = Math.sqrt(low * high);
    if (expectationOf(curve, bounds, middle).pollsPerFax > pollsPerFax) low = middle;
    else high = middle;
  }
  const found = expectationOf(curve, bounds, high);
  return found.pollsPerFax <= pollsPerFax ? found : undefined;
}
