import { binOf, BINS, EDGES } from './completion-model.ts';

/** Bounds of the time between two polls of one fax, ms. */
export type IntervalBounds = { readonly minMs: number; readonly maxMs: number };

const STEP = 1.02; // between two ages of the grid: a poll's time is optimal to 1 %, and lag is flat around its optimum
const FIRST_AGE_MS = 100;

/**
 * When to poll, at a given price of a poll: for each age at which a fax was last found pending, how long until the next poll.
 * It minimises the expected lag plus the price of all polls, exactly, by dynamic programming over a grid of ages (the classic
 * inspection problem: Barlow, Hunter, Proschan, "Optimum checking procedures", 1963).
 */
export type Policy = {
  readonly ages: Float64Array;
  /** Index of the age of the next poll, for each age of the grid. */
  readonly next: Int32Array;
  /**
   * What each interval is multiplied by, 0 to 1, before it is kept within the bounds. 1 unless even at the lowest price the faxes in flight leave
   * some of the pace unused: the grid is no finer than 2 % of the age, and an old fax alone in the queue may be polled more often than that.
   */
  readonly stretch: number;
};

/** The part of the problem that does not depend on the price: ages, survival, and its integral. */
export type Curve = { readonly ages: Float64Array; readonly survival: Float64Array; readonly area: Float64Array };

/**
 * The survival curve on the grid of ages.
 *
 * @param hazards completions per ms of each bin of the completion model
 * @param bounds the grid is as fine as the shortest interval needs, and reaches past the age at which all polls are `maxMs` apart
 */
export function curveOf(hazards: Float64Array, bounds: IntervalBounds, horizonMs: number): Curve {
  const points = [0];
  // From one age to the next at least a quarter of the shortest interval: finer makes no poll sooner.
  for (let age = Math.max(FIRST_AGE_MS, bounds.minMs / 8); age < horizonMs; age = Math.max(age * STEP, age + bounds.minMs / 8)) points.push(age);
  const ages = Float64Array.from(points);
  const survival = new Float64Array(ages.length).fill(1);
  const area = new Float64Array(ages.length);
  for (let i = 1; i < ages.length; i += 1) {
    const [from, to] = [ages[i - 1] as number, ages[i] as number];
    survival[i] = (survival[i - 1] as number) * Math.exp(-cumulativeHazard(hazards, from, to));
    area[i] = (area[i - 1] as number) + ((to - from) * ((survival[i - 1] as number) + (survival[i] as number))) / 2;
  }
  return { ages, survival, area };
}

function cumulativeHazard(hazards: Float64Array, fromMs: number, toMs: number): number {
  let sum = 0;
  for (let bin = binOf(fromMs); bin < BINS && (EDGES[bin] as number) < toMs; bin += 1) {
    sum += (hazards[bin] as number) * (Math.min(toMs, EDGES[bin + 1] ?? Infinity) - Math.max(fromMs, EDGES[bin] as number));
  }
  return sum;
}

/** @param priceMs what a poll costs, in ms of lag of one fax */
export function policyOf({ ages, survival, area }: Curve, bounds: IntervalBounds, priceMs: number): Policy {
  const n = ages.length;
  const cost = new Float64Array(n);
  const next = new Int32Array(n);
  next[n - 1] = n - 1;
  for (let i = n - 2; i >= 0; i -= 1) {
    const [age, alive, done] = [ages[i] as number, survival[i] as number, area[i] as number];
    let best = Infinity;
    let choice = n - 1;
    for (let j = i + 1; j < n; j += 1) {
      const interval = (ages[j] as number) - age;
      if (interval < bounds.minMs && j < n - 1) continue;
      const total = alive * (interval + priceMs) - ((area[j] as number) - done) + (cost[j] as number);
      if (total < best) {
        best = total;
        choice = j;
      } else if (alive * interval - ((area[j] as number) - done) > best) {
        break; // the lag alone costs more than the best so far, and only grows
      }
      if (interval >= bounds.maxMs) break;
    }
    cost[i] = best;
    next[i] = choice;
  }
  return { ages, next, stretch: 1 };
}

/** How long until the next poll of a fax that was last found pending at an age, ms, within the bounds. */
export function intervalAt({ ages, next, stretch }: Policy, bounds: IntervalBounds, ageMs: number): number {
  const clamp = (interval: number): number => Math.min(Math.max(interval * stretch, bounds.minMs), bounds.maxMs);
  let [low, high] = [0, ages.length - 1];
  if (ageMs >= (ages[high - 1] as number)) return clamp(bounds.maxMs);
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((ages[middle] as number) <= ageMs) low = middle;
    else high = middle;
  }
  const interval = (i: number): number => (ages[next[i] as number] as number) - (ages[i] as number);
  const part = (ageMs - (ages[low] as number)) / ((ages[high] as number) - (ages[low] as number));
  return clamp(interval(low) + (interval(high) - interval(low)) * part);
}

/** Faxes in flight, by age: `count` of them from `fromMs` up to `toMs` old. */
export type AgeGroup = { readonly fromMs: number; readonly toMs: number; readonly count: number };

/** Polls per second that the faxes in flight make under a policy. */
export function pollsPerSecond(policy: Policy, bounds: IntervalBounds, groups: readonly AgeGroup[]): number {
  let polls = 0;
  let from = 0; // polls fall on the ages 0, next(0), next(next(0))…: between two of them a fax makes one poll
  let to = intervalAt(policy, bounds, 0);
  for (const group of groups) {
    const width = group.toMs - group.fromMs;
    if (group.count === 0 || width <= 0) continue;
    let age = group.fromMs;
    while (age < group.toMs) {
      while (to <= age) [from, to] = [to, to + intervalAt(policy, bounds, to)];
      const end = Math.min(to, group.toMs);
      polls += (group.count * (end - age)) / width / (to - from);
      age = end;
    }
  }
  return polls * 1000;
}

const CHEAPEST_MS = 1e-3;
const DEAREST_MS = 1e9;
const HALVINGS = 18; // of the logarithm of the price: to 0.01 %

/**
 * The price at which the faxes in flight make as many polls per second as the pace allows, with its policy. The floor of the price,
 * if they could not use the pace even so.
 */
export function priceFor(curve: Curve, bounds: IntervalBounds, groups: readonly AgeGroup[], wantedPerSecond: number): { priceMs: number; policy: Policy; slack: boolean } {
  const cheapest = policyOf(curve, bounds, CHEAPEST_MS);
  if (pollsPerSecond(cheapest, bounds, groups) <= wantedPerSecond) {
    return { priceMs: CHEAPEST_MS, policy: { ...cheapest, stretch: stretchFor(cheapest, bounds, groups, wantedPerSecond) }, slack: true };
  }
  let [low, high] = [Math.log(CHEAPEST_MS), Math.log(DEAREST_MS)];
  let policy = cheapest;
  for (let i = 0; i < HALVINGS; i += 1) {
    const middle = (low + high) / 2;
    policy = policyOf(curve, bounds, Math.exp(middle));
    if (pollsPerSecond(policy, bounds, groups) > wantedPerSecond) low = middle;
    else high = middle;
  }
  return { priceMs: Math.exp(high), policy, slack: false };
}

const STRETCH_HALVINGS = 7; // to 1 %

/** The stretch at which the faxes in flight use the pace; 0, which is the shortest interval for each, if they cannot use more even so. */
function stretchFor(policy: Policy, bounds: IntervalBounds, groups: readonly AgeGroup[], wantedPerSecond: number): number {
  const inFlight = groups.reduce((sum, { count }) => sum + count, 0);
  if ((inFlight * 1000) / bounds.minMs <= wantedPerSecond) return 0;
  let [low, high] = [0, 1];
  for (let i = 0; i < STRETCH_HALVINGS; i += 1) {
    const stretch = (low + high) / 2;
    if (pollsPerSecond({ ...policy, stretch }, bounds, groups) > wantedPerSecond) low = stretch;
    else high = stretch;
  }
  return high;
}
