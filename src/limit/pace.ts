/** A pace in BullMQ's terms: `max` jobs in each window of `duration` ms. */
export type LimiterShape = { readonly max: number; readonly duration: number };

const REGAIN_WINDOWS = 30; // windows of the API's limit in which the pace comes back to just under where it was refused
const UNDER_REFUSED = 0.95; // of the pace that was refused: there it waits before it tries more
// how late a window starts at the median, as timers are late and a worker has to fetch (measured, one worker and three)
const LATE_MS = 2;
// by how much a request may reach the API sooner or later than its slot: a share of the API's window, and at most
const JITTER = 0.03;
const MOST_JITTER_MS = 250;
const LOSS = 0.01; // share of the pace that whole milliseconds may cost

/** The greatest pace that the settings allow, in requests per second: the API's limit less the share left to others. */
export const ceilingPace = (max: number, durationMs: number, headroom: number): number =>
  (max / durationMs) * 1000 * (1 - headroom);

/** After how long a refusal has no effect on the pace any more, ms. @param windowMs the window of the API's limit */
export const regainMs = (windowMs: number): number => windowMs * REGAIN_WINDOWS * 2;

/**
 * The pace in force: the ceiling; after a refusal half of what was refused, then back up along a cubic curve, as TCP
 * CUBIC does (RFC 9438): fast at first, flat just under the pace that was refused, and faster again once that has held,
 * so that a limit lowered for good is met seldom and a limit restored is found again. Pure. Every worker computes the
 * same from the same record, so a fleet has one pace and nobody leads.
 *
 * @param refusedAt when the pace was refused, ms since 1970, rising
 * @param now the time of Redis, ms since 1970
 * @param windowMs the window of the API's limit (`RATE_LIMIT_DURATION_MS`)
 */
export function paceAt(ceiling: number, refusedAt: readonly number[], now: number, windowMs: number): number {
  let last: { readonly pace: number; readonly at: number } | undefined;
  const current = (at: number): number => (last === undefined ? ceiling : regained(ceiling, last, at, windowMs));
  for (const at of refusedAt) last = { pace: current(at), at };
  return current(now);
}

function regained(
  ceiling: number,
  refused: { readonly pace: number; readonly at: number },
  now: number,
  windowMs: number,
): number {
  const progress = Math.max(0, now - refused.at) / (windowMs * REGAIN_WINDOWS);
  const low = refused.pace / 2;
  const plateau = refused.pace * UNDER_REFUSED;
  const pace = progress < 1 ? plateau - (plateau - low) * (1 - progress) ** 3 : plateau + ceiling * (progress - 1) ** 3;
  return Math.min(ceiling, pace);
}

/**
 * A pace as BullMQ's limiter takes it: windows of whole milliseconds, that much shorter as they start late. One job per
 * window spreads the requests evenly (a window of many lets them all out at its start); only where whole milliseconds
 * would cost over 1 % of the pace does a window take more, as few as it can. Never so that a sliding window of the
 * API's would see more than its limit, should no window be late. Pure.
 *
 * @param windowMs the window of the API's limit (`RATE_LIMIT_DURATION_MS`)
 * @param headroom the share of the limit that the pace leaves to others
 */
export function limiterShape(pace: number, windowMs: number, headroom: number): LimiterShape {
  const allowed = ((pace * windowMs) / 1000 / (1 - headroom)) * (1 + 1e-9);
  const slidingMs = windowMs + Math.min(windowMs * JITTER, MOST_JITTER_MS);
  let best: LimiterShape = { max: 1, duration: Math.ceil(1000 / pace) };
  let leastLoss = Infinity;
  for (let max = 1; (max === 1 || 2 * max - 1 <= allowed) && leastLoss > LOSS; max += 1) {
    const exact = (max * 1000) / pace;
    for (let late = LATE_MS; late >= 0; late -= 1) {
      const duration = Math.max(1, Math.ceil(exact - late));
      // In a sliding window, at most: of a window cut by its start the jobs may all lie behind the cut.
      if (max * (Math.floor(slidingMs / duration) + 1) + max - 1 > allowed) continue;
      const loss = (duration + LATE_MS) / exact - 1;
      if (loss < leastLoss) [best, leastLoss] = [{ max, duration }, loss];
    }
  }
  return best;
}
