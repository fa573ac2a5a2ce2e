/** What stops polling for every fax: the key is refused, the limit is reached, or the API is down. */
export type BrakeReason = 'unauthorized' | 'rate_limited' | 'api_down';

// The shortest first hold, ms.
const FLOOR_MS: Readonly<Record<BrakeReason, number>> = { unauthorized: 5_000, rate_limited: 1_000, api_down: 1_000 };
// The longest hold drawn, ms: 5 min for the key and the limit. An API that is down needs no such silence, and everyone
// waits to learn that it is up again.
const CEILING_MS: Readonly<Record<BrakeReason, number>> = {
  unauthorized: 300_000,
  rate_limited: 300_000,
  api_down: 30_000,
};

/**
 * How long polling stops: what the API asks for, or a time drawn between the floor and a ceiling that doubles with each
 * refusal in a row (full jitter), up to 5 min, or 30 s for an API that is down. Pure.
 *
 * @param refusals refusals in a row before this one, from 0
 * @param retryAfterMs what the API's `Retry-After` says, if it does
 * @param random from 0 up to 1
 * @returns ms
 */
export function holdTime(
  reason: BrakeReason,
  refusals: number,
  retryAfterMs: number | undefined,
  random: number,
): number {
  const floor = FLOOR_MS[reason];
  if (retryAfterMs !== undefined) return Math.max(retryAfterMs, floor);
  const ceiling = Math.min(CEILING_MS[reason], floor * 2 ** Math.min(refusals + 1, 20));
  return floor + (ceiling - floor) * random;
}
