import { curveOf, policyOf, priceFor, type AgeGroup, type IntervalBounds, type Policy } from './policy.ts';

/** What a poll costs in ms of lag of one fax, and the policy at that price. */
export type Price = {
  readonly priceMs: number;
  readonly policy: Policy;
  /** Whether the pace has room for more than all faxes in flight can use: a new fax is then polled at once. */
  readonly slack: boolean;
};

const SMOOTHING = 0.1; // share of the way to the price of the moment: cohorts of faxes make that swing
const FARTHEST = 3; // times from the price of the moment: a load that changed for good is followed at once
const BACKLOG_SLOTS = 1; // overdue polls that are welcome, so that the limiter finds work in each slot
const BACKLOG_DRAIN_S = 10; // time in which a larger backlog is worked off
const LEAST_SHARE = 0.5; // of the pace, however large the backlog: what is overdue may be new faxes, which cost no poll

/** What the price is computed from. */
export type Load = {
  readonly groups: readonly AgeGroup[];
  /** Jobs that wait for a slot. */
  readonly backlog: number;
  readonly pacePerSecond: number;
};

/** The price before anything is known: polls are cheap. */
export function firstPrice(hazards: Float64Array, bounds: IntervalBounds, horizonMs: number): Price {
  return { ...priceFor(curveOf(hazards, bounds, horizonMs), bounds, [], 1), slack: true };
}

/**
 * The next price of a poll: at which the faxes in flight make as many polls per second as the pace allows, smoothed from the
 * price before, and a little dearer while polls are overdue. Pure.
 *
 * @param horizonMs the age from which on polls are as far apart as may be
 */
export function nextPrice(before: Price, hazards: Float64Array, load: Load, bounds: IntervalBounds, horizonMs: number): Price {
  const curve = curveOf(hazards, bounds, horizonMs);
  const wanted = load.pacePerSecond + (BACKLOG_SLOTS - load.backlog) / BACKLOG_DRAIN_S;
  const found = priceFor(curve, bounds, load.groups, Math.max(load.pacePerSecond * LEAST_SHARE, wanted));
  if (found.slack) return found; // nothing to smooth: there is room for everything
  const near = Math.min(Math.max(before.priceMs, found.priceMs / FARTHEST), found.priceMs * FARTHEST);
  const priceMs = Math.exp(Math.log(near) * (1 - SMOOTHING) + Math.log(found.priceMs) * SMOOTHING);
  return { priceMs, policy: policyOf(curve, bounds, priceMs), slack: false };
}

