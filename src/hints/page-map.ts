import { worth, type SurvivalCurve } from '../schedule/worth.ts';

/** A fax in flight. Times are ms since 1970. */
export type WatchedFax = { readonly faxId: string; readonly enqueuedAt: number; readonly pendingAt: number };

/** A page of the list, and what a request of it is worth. */
export type PageWorth = {
  /** From 1. */
  readonly page: number;
  /** The lag that it is expected to end, ms, summed up over its faxes. */
  readonly worthMs: number;
  /** How many of its faxes are expected to be final by now: each takes a poll to confirm. */
  readonly finals: number;
};

/** What a page had. */
export type SeenPage = {
  readonly page: number;
  /** Faxes on it that are in flight, with whether their entries look final. */
  readonly seen: ReadonlyMap<string, { readonly final: boolean }>;
  /** Whether the list goes on after it. */
  readonly full: boolean;
  /** How many of the entries that were asked for it had, from 0 to 1: an API may give fewer at once. */
  readonly share: number;
  readonly now: number;
};

type Place = WatchedFax & {
  page: number;
  /** When the page on which the fax should have been was last looked at, ms since 1970; 0 for never. */
  lookedAt: number;
  /** In how many pages of the size asked for it was looked for in vain. */
  misses: number;
};

const MOST_MISSES = 3;
const SEEN_ENOUGH = 20; // misses after which a list that showed none unfinished counts as one of finished faxes only

/**
 * On which pages of the list the faxes in flight are. The list has the newest fax first, those of other programs among
 * them, so a fax moves to later pages as others come: one that is no longer on its page is expected on the next. What
 * the list does not have is not expected anywhere. No effects.
 */
export class PageMap {
  readonly #places = new Map<string, Place>();
  readonly #unlisted = new Map<string, Place>();
  readonly #pageLookedAt = new Map<number, number>();
  #seenUnfinished = 0;
  #seenFinal = 0;
  #misses = 0;

  /**
   * The faxes in flight as of now.
   *
   * @param faxes the newest first
   * @param pageSize entries of a page
   * @returns those that are no longer among them, with when they were last looked for, ms since 1970; 0 for never
   */
  renew(faxes: readonly WatchedFax[], pageSize: number): readonly Readonly<WatchedFax & { lookedAt: number }>[] {
    const first = this.#places.size === 0 && this.#unlisted.size === 0;
    const inFlight = new Set(faxes.map(({ faxId }) => faxId));
    const gone = [...this.#places.values(), ...this.#unlisted.values()].filter(({ faxId }) => !inFlight.has(faxId));
    for (const { faxId } of gone) {
      this.#places.delete(faxId);
      this.#unlisted.delete(faxId);
    }
    for (const [i, fax] of faxes.entries()) {
      const place = this.#places.get(fax.faxId);
      if (place) Object.assign(place, fax);
      else if (!this.#unlisted.has(fax.faxId)) {
        const page = first ? 1 + Math.floor(i / pageSize) : 1;
        this.#places.set(fax.faxId, { ...fax, page, lookedAt: 0, misses: 0 });
      }
    }
    return gone;
  }

  /** A page was looked at. */
  look({ page, seen, full, share, now }: SeenPage): void {
    this.#pageLookedAt.set(page, now);
    for (const [faxId, { final }] of seen) {
      if (final) this.#seenFinal += 1;
      else this.#seenUnfinished += 1;
      const fax = this.#places.get(faxId) ?? this.#unlisted.get(faxId);
      if (fax) this.#places.set(faxId, { ...fax, page, lookedAt: now, misses: 0 });
      this.#unlisted.delete(faxId);
    }
    for (const place of [...this.#places.values()]) {
      if (place.page !== page || seen.has(place.faxId)) continue;
      place.lookedAt = now;
      if (!this.#finishedOnly) this.#miss(place, full, share);
    }
    if (this.#finishedOnly) this.#unlisted.clear(); // they are placed again when the faxes in flight are next renewed
  }

  /** The page that is worth most now. @param leastMs time between two looks at one page, ms */
  best(curve: SurvivalCurve, now: number, leastMs: number): PageWorth | undefined {
    const pages = new Map<number, { page: number; worthMs: number; finals: number }>();
    for (const { page, enqueuedAt, pendingAt, lookedAt } of this.#places.values()) {
      const from = Math.max(0, Math.max(pendingAt, lookedAt) - enqueuedAt);
      const to = Math.max(from, now - enqueuedAt);
      const sum = pages.get(page) ?? { page, worthMs: 0, finals: 0 };
      sum.worthMs += worth(curve, from, to);
      sum.finals += 1 - Math.exp(curve.cumulativeHazard(from) - curve.cumulativeHazard(to));
      pages.set(page, sum);
    }
    let best: PageWorth | undefined;
    for (const sum of pages.values()) {
      if (now - (this.#pageLookedAt.get(sum.page) ?? 0) < leastMs) continue;
      if (!best || sum.worthMs > best.worthMs) best = sum;
    }
    return best;
  }

  /** Whether the list has faxes only once they are finished: one that it does not show is not final then. */
  get #finishedOnly(): boolean {
    return this.#seenUnfinished === 0 && this.#seenFinal > 0 && this.#misses >= SEEN_ENOUGH;
  }

  #miss(place: Place, full: boolean, share: number): void {
    this.#misses += 1;
    place.misses += share;
    if (full && place.misses < MOST_MISSES) {
      place.page += 1;
      return;
    }
    this.#places.delete(place.faxId);
    this.#unlisted.set(place.faxId, place);
  }
}
