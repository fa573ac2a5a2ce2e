import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PageMap, type SeenPage, type WatchedFax } from '../../src/hints/page-map.ts';
import { shippedPrior } from '../../src/schedule/prior.ts';
import { SurvivalCurve, worth } from '../../src/schedule/worth.ts';

const curve = SurvivalCurve.of(shippedPrior());
const NOW = Date.parse('2030-01-01T00:00:00Z');
const SIZE = 10;

const fax = (faxId: string, ageMs = 60_000): WatchedFax => ({
  faxId,
  enqueuedAt: NOW - ageMs,
  pendingAt: NOW - ageMs,
});
const faxes = (count: number): WatchedFax[] => Array.from({ length: count }, (_, i) => fax(`fax-${i}`, 60_000 + i));
const page = (number: number, ids: readonly string[], more: Partial<SeenPage> = {}): SeenPage => ({
  page: number,
  seen: new Map(ids.map((id) => [id, { final: false }])),
  full: true,
  now: NOW,
  ...more,
});

describe('the map of the list', () => {
  it('expects the faxes in flight where they would be if no others were listed: the newest on page 1', () => {
    const map = new PageMap();
    map.renew(faxes(25), SIZE);
    // the later pages have as many faxes or fewer
    expect(map.best(curve, NOW, 0)?.page).toBeLessThanOrEqual(2);
    map.look(page(1, []));
    map.look(page(2, []));
    expect(map.best(curve, NOW + 60_000, 0)?.page).toBe(3);
  });

  it('weighs a page by all its faxes, each since it was last polled or listed', () => {
    const map = new PageMap();
    map.renew([fax('a'), fax('b')], SIZE);
    const alone = worth(curve, 0, 60_000);
    expect(map.best(curve, NOW, 0)?.worthMs).toBeCloseTo(2 * alone, 6);
    map.look(page(1, ['a', 'b']));
    expect(map.best(curve, NOW, 0)?.worthMs).toBe(0);
    const later = map.best(curve, NOW + 10_000, 0);
    expect(later?.worthMs).toBeCloseTo(2 * worth(curve, 60_000, 70_000), 6);
    expect(later?.finals).toBeGreaterThan(0);
  });

  it('leaves a page alone for a while after each look', () => {
    const map = new PageMap();
    map.renew([fax('a')], SIZE);
    map.look(page(1, ['a']));
    expect(map.best(curve, NOW + 999, 1_000)).toBeUndefined();
    expect(map.best(curve, NOW + 1_000, 1_000)?.page).toBe(1);
  });

  it('follows a fax that new ones have moved to the next page', () => {
    const map = new PageMap();
    map.renew([fax('old')], SIZE);
    map.look(page(1, ['old']));
    map.look(page(1, []));
    expect(map.best(curve, NOW + 10_000, 0)?.page).toBe(2);
  });

  it('gives up a fax that is not listed: after three looks, or at the end of the list', () => {
    for (const [looks, full] of [
      [3, true],
      [1, false],
    ] as const) {
      const map = new PageMap();
      map.renew([fax('unlisted')], SIZE);
      for (let number = 1; number <= looks; number += 1) map.look(page(number, [], { full }));
      expect(map.best(curve, NOW + 10_000, 0)).toBeUndefined();
      map.renew([fax('unlisted')], SIZE);
      expect(map.best(curve, NOW + 10_000, 0)).toBeUndefined();
      map.look(page(4, ['unlisted'])); // by chance
      expect(map.best(curve, NOW + 10_000, 0)?.page).toBe(4);
    }
  });

  it('keeps faxes on page 1 of a list that has them only once they are finished', () => {
    const map = new PageMap();
    map.renew(faxes(30), 100);
    for (let number = 1; number <= 3; number += 1) map.look(page(number, []));
    expect(map.best(curve, NOW + 10_000, 0)).toBeUndefined();
    map.look({ ...page(1, []), seen: new Map([['fax-0', { final: true }]]) });
    map.renew(faxes(30), 100);
    expect(map.best(curve, NOW + 10_000, 0)?.page).toBe(1);
    map.look(page(1, []));
    expect(map.best(curve, NOW + 20_000, 0)?.page).toBe(1);
  });

  it('tells which faxes are no longer in flight, and when they were last looked for', () => {
    const map = new PageMap();
    map.renew([fax('a'), fax('b')], SIZE);
    map.look(page(1, ['a']));
    map.renew([fax('a'), fax('b'), fax('c')], SIZE);
    expect(map.renew([], SIZE).map(({ faxId, lookedAt }) => [faxId, lookedAt])).toEqual([
      ['a', NOW],
      ['b', NOW],
      ['c', 0],
    ]);
    expect(map.renew([], SIZE)).toEqual([]);
  });

  it('finds a listed fax again within three looks, however many new faxes come on top meanwhile', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: SIZE }), { minLength: 1, maxLength: 30 }), (arrivals) => {
        const map = new PageMap();
        map.renew([fax('f')], SIZE);
        let rank = 0;
        for (const more of arrivals) {
          rank += more;
          const at = 1 + Math.floor(rank / SIZE);
          let found = false;
          for (let look = 0; look < 3 && !found; look += 1) {
            const next = map.best(curve, NOW + 1e9, 0)?.page ?? 0;
            found = next === at;
            map.look(page(next, found ? ['f'] : [], { now: NOW }));
          }
          expect(found).toBe(true);
        }
      }),
    );
  });
});
