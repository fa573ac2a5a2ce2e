import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { stopMs, Trial, whyUseless } from '../../src/hints/history-trust.ts';
import { NO_RECORD, type WordRecord } from '../../src/hints/words.ts';

const confirmed = (count: number): ReadonlyMap<string, WordRecord> =>
  new Map([['success', { ...NO_RECORD, confirmed: count }]]);

it('a stop lasts a minute, twice as long each time, at most six hours', () => {
  expect([0, 1, 2].map(stopMs)).toEqual([60_000, 120_000, 240_000]);
  fc.assert(fc.property(fc.nat({ max: 10_000 }), (stops) => expect(stopMs(stops)).toBeLessThanOrEqual(21_600_000)));
});

describe('a trial of the list', () => {
  it('counts from its first look on', () => {
    const trial = new Trial();
    expect(trial.look(confirmed(7), { missed: 20, asked: 2 * 20 })).toEqual({
      confirmed: 0,
      missedInARow: 0,
      askedInARow: 0,
    });
    expect(trial.look(confirmed(7), { missed: 24, asked: 2 * 24 })).toEqual({
      confirmed: 0,
      missedInARow: 4,
      askedInARow: 8,
    });
    expect(trial.look(confirmed(9), { missed: 25, asked: 2 * 25 })).toEqual({
      confirmed: 2,
      missedInARow: 0,
      askedInARow: 0,
    });
    expect(trial.look(confirmed(9), { missed: 28, asked: 2 * 28 })).toEqual({
      confirmed: 2,
      missedInARow: 3,
      askedInARow: 6,
    });
  });

  it('begins again when the counts fall: Redis lost them, or they were halved', () => {
    const trial = new Trial();
    trial.look(confirmed(0), { missed: 0, asked: 2 * 0 });
    trial.look(confirmed(30), { missed: 0, asked: 2 * 0 });
    expect(trial.look(confirmed(0), { missed: 5, asked: 2 * 5 })).toEqual({
      confirmed: 0,
      missedInARow: 0,
      askedInARow: 0,
    });
    expect(trial.look(confirmed(1), { missed: 5, asked: 2 * 5 }).confirmed).toBe(1);
  });
});

describe('a list is of no use', () => {
  it('if ten faxes in a row finished that it did not show first', () => {
    expect(whyUseless({ confirmed: 5, missedInARow: 9, askedInARow: 50 }, new Map())).toBeUndefined();
    expect(whyUseless({ confirmed: 5, missedInARow: 10, askedInARow: 3 }, new Map())).toMatch(/10 faxes finished/);
    expect(whyUseless({ confirmed: 5, missedInARow: 99, askedInARow: 2 }, new Map())).toBeUndefined();
  });

  it('if it has one word for finished faxes and others, and no hint of it proved right', () => {
    const words = new Map([['done', { ...NO_RECORD, early: 4, stale: 3 }]]);
    expect(whyUseless({ confirmed: 0, missedInARow: 0, askedInARow: 0 }, words)).toMatch(/same word/);
    expect(whyUseless({ confirmed: 1, missedInARow: 0, askedInARow: 0 }, words)).toBeUndefined();
  });
});
