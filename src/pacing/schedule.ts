/** Bounds of the time between two polls of one fax, ms. */
export type IntervalBounds = { readonly minMs: number; readonly maxMs: number };

const GROWTH = 0.25; // of the fax's age, until the next poll
const SPREAD = 0.2; // of the interval, so that faxes enqueued together do not fall due together

const clamp = (value: number, { minMs, maxMs }: IntervalBounds): number => Math.min(Math.max(value, minMs), maxMs);

/**
 * How long until a pending fax is polled again: a quarter of its age, spread by up to a fifth, within the bounds. Pure.
 *
 * @param ageMs time since the fax was enqueued
 * @param random from 0 up to 1
 * @returns ms, at least `bounds.minMs`
 */
export function pollInterval(ageMs: number, bounds: IntervalBounds, random: number): number {
  return clamp(ageMs * GROWTH * (1 + SPREAD * random), bounds);
}

/**
 * How long a fax is left alone after a server fault: exponential backoff with full jitter
 * (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/), from the least interval up to the greatest. Pure.
 *
 * @param faults server faults in a row, from 1
 * @param random from 0 up to 1
 * @returns ms, at least `bounds.minMs`
 */
export function faultBackoff(faults: number, bounds: IntervalBounds, random: number): number {
  const ceiling = clamp(bounds.minMs * 2 ** Math.min(faults, 30), bounds);
  return clamp(ceiling * random, bounds);
}
