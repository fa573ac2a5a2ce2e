/** The pace that a refusal left, and when (ms since 1970). Requests per second. */
export type LoweredPace = { readonly pace: number; readonly at: number };

/** How BullMQ is told a pace: `max` jobs in each window of `duration` ms. */
export type LimiterShape = { readonly max: number; readonly duration: number };

const RECOVERY_WINDOWS = 10; // windows of the API's limit, for the pace to creep from zero back to the ceiling
const ROUNDING = 0.02; // share of the pace that whole milliseconds may cost

/** The greatest pace that the settings allow, in requests per second: the API's limit less the share left to others. */
export const ceilingPace = (max: number, durationMs: number, headroom: number): number => (max / durationMs) * 1000 * (1 - headroom);

/**
 * The pace in force: the ceiling, or after a refusal what it was lowered to, creeping back up with time. Pure.
 * Every worker computes the same from the same record, so a fleet has one pace and nobody leads.
 *
 * @param lowered what the last refusal left, if any
 * @param now the time of Redis, ms since 1970
 * @param windowMs the window of the API's limit (`RATE_LIMIT_DURATION_MS`)
 */
export function paceAt(ceiling: number, lowered: LoweredPace | undefined, now: number, windowMs: number): number {
  if (!lowered) return ceiling;
  const regained = (ceiling * Math.max(0, now - lowered.at)) / (windowMs * RECOVERY_WINDOWS);
  return Math.min(ceiling, lowered.pace + regained);
}

/**
 * A pace as BullMQ's limiter takes it: windows of whole milliseconds. One job per window spreads the requests evenly (a window
 * of many lets them all out at its start); only where rounding one window up to the next millisecond would cost over 2 % of the pace does
 * a window take more. Never faster than the pace. Pure.
 */
export function limiterShape(pace: number): LimiterShape {
  for (let max = 1; ; max += 1) {
    const exact = (max * 1000) / pace;
    const duration = Math.ceil(exact);
    if (duration <= exact * (1 + ROUNDING)) return { max, duration };
  }
}
