import type { IntervalBounds } from './choose.ts';

/**
 * How long a fax is left alone after a server fault: exponential backoff with full jitter
 * (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/), from the least interval up to the
 * greatest. Pure.
 *
 * @param faults server faults in a row, from 1
 * @param random from 0 up to 1
 * @returns ms, at least `bounds.minMs`
 */
export function faultBackoff(faults: number, { minMs, maxMs }: IntervalBounds, random: number): number {
  const ceiling = Math.min(minMs * 2 ** Math.min(faults, 30), maxMs);
  return Math.max(ceiling * random, minMs);
}
