import { worth, type SurvivalCurve } from './worth.ts';

/** A fax that a slot may be spent on. Times are ms since 1970. */
export type Candidate = {
  readonly faxId: string;
  /** When it was last known pending: when it was enqueued, if it was never asked for. */
  readonly pendingAt: number;
  readonly enqueuedAt: number;
  /** Whether a hint says that it may be final: it goes first, and the claim keeps the least interval. */
  readonly hinted: boolean;
};

/** How many faxes may be chosen, and what the slots could be spent on instead. */
export type Room = {
  /** How many faxes should wait for slots. */
  readonly ahead: number;
  /** Slots that no fax waits for yet. */
  readonly slots: number;
  /** Slots that no hinted fax waits for yet: hinted faxes go ahead of the others that wait. */
  readonly hintedSlots: number;
  /** What a request of the list of faxes is worth, ms: it gets each slot worth more that way; undefined for none. */
  readonly sweepWorthMs: number | undefined;
};

/** Bounds of the time between two polls of one fax, ms. */
export type IntervalBounds = { readonly minMs: number; readonly maxMs: number };

export type Choice = {
  /** The faxes worth most, best first. */
  readonly chosen: readonly Candidate[];
  /** What the best of them is worth, ms. */
  readonly worthMs: number;
  /** The best, of those that no hint asks for, whether there are slots for them or not. */
  readonly leading: readonly Candidate[];
  /** What the best poll is worth that no hint asks for, chosen or not, ms. */
  readonly unhintedWorthMs: number;
  /** How long until another fax may be asked for, ms; Infinity if none waits for that. */
  readonly readyMs: number;
};

/**
 * Which faxes the next slots go to: those whose poll is worth most, but first those that are hinted, then those that
 * have waited for the greatest interval. None is asked for twice within the least interval. For a probe, faxes that the
 * API has answered for come first: one that it always refuses, or does not know, would say nothing about the others. A
 * fax never asked for waits until such a fax must have had its chance. Pure.
 *
 * @param now ms since 1970
 * @param probe what the next request must respect if it is a probe, as the brake is on: for how long from now no fax
 *   that was never asked for may be it, ms
 */
export function choose(
  candidates: readonly Candidate[],
  curve: SurvivalCurve,
  now: number,
  { minMs, maxMs }: IntervalBounds,
  { ahead: most, slots, hintedSlots, sweepWorthMs = -Infinity }: Room,
  probe?: { readonly newAfterMs: number },
): Choice {
  let readyMs = Infinity;
  const rated: Rated[] = [];
  for (const candidate of candidates) {
    const { pendingAt, enqueuedAt, hinted } = candidate;
    const known = pendingAt > enqueuedAt;
    const leastMs = known && !hinted ? pendingAt + minMs - now : 0;
    const inMs = known ? leastMs : (probe?.newAfterMs ?? 0);
    if (inMs > 0) {
      readyMs = Math.min(readyMs, inMs);
      continue;
    }
    const worthMs = worth(
      curve,
      Math.max(0, pendingAt - enqueuedAt),
      Math.max(0, now - enqueuedAt, pendingAt - enqueuedAt),
    );
    rated.push({ candidate, worthMs, overdueMs: Math.max(0, now - pendingAt - maxMs), known });
  }
  const suits = ({ known }: Rated): number => (probe && known ? 1 : 0);
  const byRank = (a: Rated, b: Rated): number =>
    suits(b) - suits(a) || b.overdueMs - a.overdueMs || b.worthMs - a.worthMs;
  const ahead = rated.filter(({ candidate }) => candidate.hinted).sort(byRank);
  const others = rated.filter(
    ({ candidate, overdueMs, worthMs }) => !candidate.hinted && (overdueMs > 0 || worthMs > sweepWorthMs),
  );
  const unhintedWorthMs = Math.max(0, ...rated.map(({ candidate, worthMs }) => (candidate.hinted ? 0 : worthMs)));
  const first = ahead.slice(0, hintedSlots);
  others.sort(byRank);
  const best = [...first, ...others.slice(0, Math.max(0, slots - first.length))];
  return {
    chosen: best.map(({ candidate }) => candidate),
    leading: others.slice(0, most).map(({ candidate }) => candidate),
    worthMs: best[0]?.worthMs ?? 0,
    unhintedWorthMs,
    readyMs,
  };
}

type Rated = {
  readonly candidate: Candidate;
  readonly worthMs: number;
  readonly overdueMs: number;
  readonly known: boolean;
};

const SPARE = 2; // of the slots, at least so many times what the greatest interval would take
const NET = 5; // times the interval at which the pace can visit all in flight

/**
 * The greatest interval that is kept: that of the settings where the pace carries it with room to choose, else so much
 * more, for all alike. Pure.
 *
 * @param inFlight faxes in flight
 * @param pacePerSecond requests per second
 */
export const greatestInterval = (maxMs: number, inFlight: number, pacePerSecond: number): number =>
  Math.max(maxMs, (SPARE * inFlight * 1000) / pacePerSecond);

/**
 * After how long a fax is polled even if it was not chosen, ms: so late that it never competes with what is chosen.
 * Pure.
 */
export const safetyNetMs = (maxMs: number, inFlight: number, pacePerSecond: number): number =>
  NET * greatestInterval(maxMs, inFlight, pacePerSecond);
