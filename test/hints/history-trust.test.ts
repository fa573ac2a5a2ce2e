import { describe, expect, it } from '@jest/globals';
import { stopMs, Trial, whyUseless } from '../../src/hints/history-trust.ts';
import { NO_RECORD, type WordRecord } from '../../src/hints/words.ts';

const words = (record: Partial<WordRecord>) => new Map([['success', { ...NO_RECORD, ...record }]]);

it('the sweep stops for a minute, then for twice as long each time, up to six hours', () => {
  expect([0, 1, 2, 8, 9, 50].map((stops) => stopMs(stops) / 60_000)).toEqual([1, 2, 4, 256, 360, 360]);
});

describe('the list is of no use', () => {
  it('if ten faxes in a row finish that it did not show first', () => {
    expect(whyUseless({ confirmed: 5, missedInARow: 9 }, words({}))).toBeUndefined();
    expect(whyUseless({ confirmed: 5, missedInARow: 10 }, words({}))).toMatch(/did not show first/);
  });

  it('if it has one word for all faxes, unless another has proved right', () => {
    const blind = words({ early: 4, stale: 3 });
    expect(whyUseless({ confirmed: 0, missedInARow: 0 }, blind)).toMatch(/same word/);
    expect(whyUseless({ confirmed: 1, missedInARow: 0 }, blind)).toBeUndefined();
  });
});

describe('a trial of the list', () => {
  it('counts from its first look on, whatever was counted before', () => {
    const trial = new Trial();
    expect(trial.look(words({ confirmed: 40 }), 100)).toEqual({ confirmed: 0, missedInARow: 0 });
    expect(trial.look(words({ confirmed: 41 }), 105)).toEqual({ confirmed: 1, missedInARow: 0 });
    expect(trial.look(words({ confirmed: 41 }), 107)).toEqual({ confirmed: 1, missedInARow: 2 });
  });
});
