import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PageMap, type WatchedFax } from '../../src/hints/page-map.ts';
import { BINS } from '../../src/schedule/life-table.ts';
import { SurvivalCurve } from '../../src/schedule/worth.ts';

const CURVE = SurvivalCurve.of(new Float64Array(BINS).fill(1 / 60_000));
const PAGE_SIZE = 10;
const LEAST_MS = 1_000;
const fax = (id: number, enqueuedAt = 0): WatchedFax => ({ faxId: String(id), enqueuedAt, pendingAt: enqueuedAt });

/** Looks at the page that is worth most of a list of faxes by id, the newest first. @returns which page that was */
function lookAtBest(map: PageMap, list: readonly string[], now: number, final = false, share = 1): number | undefined {
  const page = map.best(CURVE, now, LEAST_MS)?.page;
  if (page === undefined) return undefined;
  const entries = list.slice((page - 1) * PAGE_SIZE, page * PAGE_SIZE);
  const seen = new Map(entries.filter((id) => !id.startsWith('x')).map((faxId) => [faxId, { final }]));
  map.look({ page, seen, full: entries.length === PAGE_SIZE, share, now });
  return page;
}

const strangers = (count: number): string[] => Array.from({ length: count }, (_, i) => `x${i}`);

describe('the map of the list', () => {
  it('expects the faxes in flight on the pages where they are if there are no others', () => {
    const map = new PageMap();
    map.renew(
      Array.from({ length: 25 }, (_, i) => fax(25 - i)),
      PAGE_SIZE,
    );
    const list = Array.from({ length: 25 }, (_, i) => String(25 - i));
    const pages = [1, 2, 3].map((i) => lookAtBest(map, list, i * 10_000));
    expect(new Set(pages)).toEqual(new Set([1, 2, 3]));
  });

  it('finds a fax again within 3 looks, wherever on the next two pages others have moved it', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: PAGE_SIZE - 1 }),
        fc.nat({ max: 2 * PAGE_SIZE }),
        fc.nat({ max: 50 }),
        (at, came, after) => {
          const map = new PageMap();
          map.renew([fax(1)], PAGE_SIZE);
          lookAtBest(map, [...strangers(at), '1', ...strangers(after)], 10_000);
          const list = [...strangers(at + came), '1', ...strangers(after)];
          const pages = [20_000, 30_000, 40_000].map((now) => lookAtBest(map, list, now));
          expect(pages).toContain(1 + Math.floor((at + came) / PAGE_SIZE));
        },
      ),
    );
  });

  it('looks through as many entries where the API gives fewer at once than were asked for', () => {
    const map = new PageMap();
    map.renew([fax(1)], 10 * PAGE_SIZE);
    const list = [...strangers(11 * PAGE_SIZE), '1'];
    const pages = Array.from({ length: 12 }, (_, i) => lookAtBest(map, list, (i + 1) * 10_000, false, 1 / 10));
    expect(pages).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
    expect(map.best(CURVE, 130_000, LEAST_MS)?.page).toBe(12);
  });

  it('gives up on a fax that it does not find, and takes it up again where another look shows it', () => {
    const map = new PageMap();
    map.renew([fax(1)], PAGE_SIZE);
    const list = strangers(100);
    expect([1, 2, 3, 4].map((i) => lookAtBest(map, list, i * 10_000))).toEqual([1, 2, 3, undefined]);
    map.look({ page: 7, seen: new Map([['1', { final: false }]]), full: true, share: 1, now: 50_000 });
    expect(map.best(CURVE, 60_000, LEAST_MS)?.page).toBe(7);
  });

  it('does not look for a fax behind the end of the list', () => {
    const map = new PageMap();
    map.renew([fax(1)], PAGE_SIZE);
    expect([1, 2].map((i) => lookAtBest(map, strangers(3), i * 10_000))).toEqual([1, undefined]);
  });

  it('keeps looking at the first page of a list that has faxes only once they are finished', () => {
    const map = new PageMap();
    const faxes = Array.from({ length: 30 }, (_, i) => fax(i + 1));
    map.renew(faxes, PAGE_SIZE);
    map.look({ page: 1, seen: new Map([['1', { final: true }]]), full: true, share: 1, now: 10_000 });
    for (let i = 2; i < 30; i += 1) {
      lookAtBest(map, ['1'], i * 10_000, true);
      map.renew(faxes.slice(1), PAGE_SIZE);
    }
    expect(map.best(CURVE, 1_000_000, LEAST_MS)).toBeDefined();
    expect(map.best(CURVE, 1_000_000, LEAST_MS)?.page).toBe(1);
  });

  it('never looks at one page twice within the least time', () => {
    const map = new PageMap();
    map.renew([fax(1)], PAGE_SIZE);
    expect(lookAtBest(map, ['1'], 10_000)).toBe(1);
    expect(map.best(CURVE, 10_000 + LEAST_MS - 1, LEAST_MS)).toBeUndefined();
    expect(map.best(CURVE, 10_000 + LEAST_MS, LEAST_MS)?.page).toBe(1);
  });

  it('names each fax that is no longer in flight once, and knows nothing of it then', () => {
    const ids = fc.uniqueArray(fc.integer({ min: 1, max: 30 }), { maxLength: 30 });
    fc.assert(
      fc.property(fc.array(fc.tuple(ids, ids), { maxLength: 20 }), (rounds) => {
        const map = new PageMap();
        let before = new Set<string>();
        for (const [i, [inFlight, listed]] of rounds.entries()) {
          const gone = map
            .renew(
              inFlight.map((id) => fax(id)),
              PAGE_SIZE,
            )
            .map(({ faxId }) => faxId);
          const now = new Set(inFlight.map(String));
          expect(gone.sort()).toEqual([...before].filter((id) => !now.has(id)).sort());
          before = now;
          lookAtBest(map, listed.map(String), (i + 1) * 10_000);
        }
      }),
    );
  });

  it('is worth what its faxes are worth together, and nothing without faxes', () => {
    const worthOf = (count: number): number => {
      const map = new PageMap();
      map.renew(
        Array.from({ length: count }, (_, i) => fax(i + 1)),
        PAGE_SIZE,
      );
      return map.best(CURVE, 10_000, LEAST_MS)?.worthMs ?? 0;
    };
    expect(worthOf(0)).toBe(0);
    expect(worthOf(8)).toBeCloseTo(8 * worthOf(1));
  });
});
