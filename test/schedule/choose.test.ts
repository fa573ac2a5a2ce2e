import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { choose, greatestInterval, safetyNetMs, type Candidate, type Room } from '../../src/schedule/choose.ts';
import { BINS, EDGES, hazards, tableOf } from '../../src/schedule/life-table.ts';
import { SurvivalCurve, worth } from '../../src/schedule/worth.ts';

const curve = SurvivalCurve.of(
  hazards(
    tableOf(
      [
        [30, 0.05],
        [60, 0.3],
        [120, 0.8],
        [600, 0.99],
        [1_209_600, 0.999],
      ],
      1,
    ),
  ),
);
const NOW = Date.parse('2030-01-01T00:00:00Z');
const BOUNDS = { minMs: 5_000, maxMs: 300_000 };

/** A fax of an age that was last known pending so long ago, ms. */
const fax = (faxId: string, ageMs: number, pendingMs: number): Candidate => ({
  faxId,
  enqueuedAt: NOW - ageMs,
  pendingAt: NOW - pendingMs,
  hinted: false,
});
const room = (slots: number): Room => ({ ahead: slots, slots, hintedSlots: slots, sweepWorthMs: undefined });
const ids = (candidates: readonly Candidate[], count = 1, bounds = BOUNDS): string[] =>
  choose(candidates, curve, NOW, bounds, room(count)).chosen.map(({ faxId }) => faxId);

describe('the fax chosen', () => {
  it('is the one whose poll is worth most', () => {
    const early = fax('early', 20_000, 20_000);
    const ripe = fax('ripe', 100_000, 40_000);
    const old = fax('old', 3_600_000, 60_000);
    expect(ids([early, old, ripe])).toEqual(['ripe']);
    expect(ids([old, ripe, early], 3)[0]).toBe('ripe');
    const { worthMs } = choose([early, ripe, old], curve, NOW, BOUNDS, room(1));
    expect(worthMs).toBeCloseTo(worth(curve, 60_000, 100_000), 6);
  });

  it('of two that were last known pending at the same age is the one asked longest ago', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 400_000 }),
        fc.integer({ min: 5_000, max: 200_000 }),
        fc.integer({ min: 1, max: 50_000 }),
        (at, ago, more) => {
          const [shorter, longer] = [fax('shorter', at + ago, ago), fax('longer', at + ago + more, ago + more)];
          const bounds = { ...BOUNDS, maxMs: 1e9 };
          const best = choose([shorter, longer], curve, NOW, bounds, room(1));
          expect(best.worthMs).toBeGreaterThanOrEqual(worth(curve, at, at + ago));
        },
      ),
    );
  });

  it('is named where no slot is left, too, so that more are looked for where it was', () => {
    const some = [fax('a while ago', 90_000, 10_000), fax('long ago', 90_000, 60_000), fax('just now', 90_000, 1_000)];
    const { chosen, leading } = choose(some, curve, NOW, BOUNDS, { ...room(0), ahead: 1 });
    expect([chosen, leading.map(({ faxId }) => faxId)]).toEqual([[], ['long ago']]);
  });

  it('was not asked for within the least interval, unless it never was', () => {
    expect(ids([fax('just now', 90_000, 4_999)])).toEqual([]);
    expect(ids([fax('a while ago', 90_000, 5_000)])).toEqual(['a while ago']);
    expect(ids([fax('new', 0, 0)])).toEqual(['new']);
    expect(choose([fax('just now', 90_000, 4_000), fax('later', 90_000, 2_000)], curve, NOW, BOUNDS, room(1))).toEqual({
      chosen: [],
      leading: [],
      worthMs: 0,
      unhintedWorthMs: 0,
      readyMs: 1_000,
    });
    expect(choose([], curve, NOW, BOUNDS, room(1)).readyMs).toBe(Infinity);
  });

  it('is one left alone for the greatest interval before any other, the longest first', () => {
    const old = fax('old', 86_400_000, 300_001);
    const older = fax('older', 86_400_000, 310_000);
    const ripe = fax('ripe', 100_000, 40_000);
    expect(ids([ripe, old, older], 3)).toEqual(['older', 'old', 'ripe']);
    expect(ids([ripe, fax('old', 86_400_000, 300_000)])).toEqual(['ripe']);
  });

  it('for a probe is one that the API has answered for, if there is one', () => {
    const [unknown, known] = [fax('unknown', 100_000, 100_000), fax('known', 20_000, 6_000)];
    const probe = (some: readonly Candidate[]) =>
      choose(some, curve, NOW, BOUNDS, room(1), { newAfterMs: 0 }).chosen[0]?.faxId;
    expect(ids([unknown, known])).toEqual(['unknown']);
    expect([probe([unknown, known]), probe([unknown])]).toEqual(['known', 'unknown']);
  });

  it('for a probe is none that was never asked for before its time', () => {
    const [unknown, known] = [fax('unknown', 100_000, 100_000), fax('known', 20_000, 4_000)];
    const probe = (newAfterMs: number) => choose([unknown, known], curve, NOW, BOUNDS, room(1), { newAfterMs });
    expect(probe(3_000)).toEqual({ chosen: [], leading: [], worthMs: 0, unhintedWorthMs: 0, readyMs: 1_000 }); // when the other may be asked again
    expect(probe(500).readyMs).toBe(500);
    expect(probe(0).chosen).toEqual([unknown]);
  });

  it('is a hinted one before all others, whatever it is worth and whenever it was known pending', () => {
    const ripe = fax('ripe', 100_000, 40_000);
    const overdue = fax('overdue', 86_400_000, 400_000);
    const hinted = { ...fax('hinted', 90_000, 100), hinted: true };
    expect(ids([ripe, overdue, hinted], 2)).toEqual(['hinted', 'overdue']);
  });

  it('is a hinted one although others wait for a slot, but not if enough hinted ones do', () => {
    const faxes = [fax('ripe', 100_000, 40_000), { ...fax('hinted', 90_000, 10_000), hinted: true }];
    const chosen = (some: Room) => choose(faxes, curve, NOW, BOUNDS, some).chosen.map(({ faxId }) => faxId);
    expect(chosen({ ahead: 1, slots: 0, hintedSlots: 1, sweepWorthMs: undefined })).toEqual(['hinted']);
    expect(chosen({ ahead: 1, slots: 1, hintedSlots: 1, sweepWorthMs: undefined })).toEqual(['hinted']);
    expect(chosen({ ahead: 1, slots: 1, hintedSlots: 0, sweepWorthMs: undefined })).toEqual(['ripe']);
  });

  it('leaves its slot to a request of the list that is worth more, unless it is hinted or overdue', () => {
    const ripe = fax('ripe', 100_000, 40_000);
    const overdue = fax('overdue', 86_400_000, 400_000);
    const worthMs = worth(curve, 60_000, 100_000);
    const chosen = (some: readonly Candidate[], sweepWorthMs: number) =>
      choose(some, curve, NOW, BOUNDS, { ahead: 2, slots: 2, hintedSlots: 2, sweepWorthMs }).chosen.map(
        ({ faxId }) => faxId,
      );
    expect(chosen([ripe], worthMs - 1)).toEqual(['ripe']);
    expect(chosen([ripe], worthMs + 1)).toEqual([]);
    expect(chosen([ripe, overdue, { ...ripe, faxId: 'hinted', hinted: true }], worthMs + 1)).toEqual([
      'hinted',
      'overdue',
    ]);
  });

  it('may be of another clock: enqueued later than now, or known pending before it was enqueued', () => {
    expect(ids([fax('ahead', -1_000, -1_000)])).toEqual(['ahead']);
    expect(ids([fax('behind', 1_000, 2_000)])).toEqual(['behind']);
  });
});

describe('the greatest interval', () => {
  it('is that of the settings while the pace carries it with room to choose', () => {
    expect(greatestInterval(300_000, 150, 1)).toBe(300_000);
  });

  it('gives way, for all alike, where the pace cannot carry it', () => {
    expect(greatestInterval(300_000, 600, 1)).toBe(1_200_000);
    expect(greatestInterval(300_000, 600, 10)).toBe(300_000);
  });

  it('is much shorter than the time after which the safety net brings a fax', () => {
    expect(safetyNetMs(300_000, 600, 1)).toBe(5 * greatestInterval(300_000, 600, 1));
  });
});

it('what is looked at is enough: among all faxes none is worth more than the head of its bin', () => {
  const binOf = (ms: number): number => EDGES.findLastIndex((edge) => edge <= ms);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 900_000 }), fc.integer({ min: 5_000, max: 250_000 })), {
        minLength: 1,
        maxLength: 60,
      }),
      (faxes) => {
        const all = faxes.map(([at, ago], i) => fax(String(i), at + ago, ago));
        const heads = Array.from({ length: BINS }, (_, bin) => bin).flatMap((bin) => {
          const inBin = all.filter(({ pendingAt, enqueuedAt }) => binOf(pendingAt - enqueuedAt) === bin);
          return inBin.length === 0
            ? []
            : [inBin.reduce((first, next) => (next.pendingAt < first.pendingAt ? next : first))];
        });
        const best = (some: readonly Candidate[]): number =>
          choose(some, curve, NOW, { ...BOUNDS, maxMs: 1e9 }, room(1)).worthMs;
        // Within a bin ages differ by its width, 3 to 10 %: that much may be lost, no more.
        expect(best(heads)).toBeGreaterThanOrEqual(best(all) * 0.8 - 1_000);
      },
    ),
  );
});
