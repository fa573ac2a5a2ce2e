import { describe, expect, it } from '@jest/globals';
import { dayCounts, meanLag, NOTHING, requestsPerSecond } from '../../src/overview/day-counts.ts';
import { pollAges, survivalPoints } from '../../src/overview/poll-ages.ts';
import { rulesFor } from '../../src/overview/rule.ts';
import { bar, line, logX, roundTop, stack } from '../../src/overview/scales.ts';
import { duration } from '../../src/overview/words.ts';
import { shippedPrior } from '../../src/schedule/prior.ts';
import { SurvivalCurve, worth } from '../../src/schedule/worth.ts';

const PLOT = { left: 0, right: 100, top: 0, bottom: 50 };

describe('counts of a day', () => {
  const at = Date.parse('2030-01-01T12:03:30Z');
  it('give the hour by minute up to now, and the day by ten minutes', () => {
    const hashes = [...Array.from({ length: 143 }, () => ({})), { '2s': '3', '2l': '9000', '3r': '15', '9s': '7' }];
    const { hour, day } = dayCounts(hashes, at);
    expect([hour.length, day.length]).toEqual([60, 144]);
    expect(hour.at(-2)).toEqual({ ...NOTHING, sent: 3, lagMs: 9_000 });
    expect(hour.at(-1)).toEqual({ ...NOTHING, requests: 15 });
    expect(day.at(-1)).toMatchObject({ sent: 10, requests: 15 });
    expect(meanLag(hour.at(-2) ?? NOTHING)).toBe(3_000);
    expect(meanLag(NOTHING)).toBeUndefined();
    expect(requestsPerSecond({ hour, day }, at)).toBeCloseTo(15 / 90);
  });

  it('take what is no number as nothing', () => {
    expect(dayCounts([{ '0s': 'x' }], Date.parse('2030-01-01T12:00:00Z')).hour).toEqual([NOTHING]);
  });
});

describe('geometry', () => {
  it('rounds an axis up', () => {
    expect([0, 1, 3, 7, 11, 0.04].map(roundTop)).toEqual([1, 1, 5, 10, 20, 0.05]);
  });

  it('stacks bars from the bottom', () => {
    expect(stack(PLOT, [5, 0, 5], 10)).toEqual([
      { y: 25, height: 25 },
      { y: 25, height: 0 },
      { y: 0, height: 25 },
    ]);
    expect(bar(PLOT, 1, 2)).toEqual({ x: 55, width: 40 });
  });

  it('draws a line with gaps, and a point alone as a short line', () => {
    expect(line(PLOT, [10, 0, undefined, 5], 10)).toBe('M12.5 0L37.5 50M87.5 25h12.5');
  });

  it('puts ages on a logarithmic axis', () => {
    expect([1, 10, 100, 1_000].map((age) => logX(PLOT, age, 1, 100))).toEqual([0, 50, 100, 100]);
  });
});

describe('the ages at which a fax is polled', () => {
  const curve = SurvivalCurve.of(shippedPrior());
  const bounds = { minMs: 5_000, maxMs: 300_000 };

  it('are those at which its poll is worth a slot, within the bounds', () => {
    const ages = pollAges(curve, bounds, 8_000);
    expect(ages.length).toBeGreaterThan(3);
    let from = 0;
    for (const age of ages) {
      const gap = age - from;
      expect(gap).toBeGreaterThanOrEqual(bounds.minMs);
      expect(gap).toBeLessThanOrEqual(bounds.maxMs);
      if (gap < bounds.maxMs) expect(worth(curve, from, age)).toBeGreaterThanOrEqual(8_000);
      if (gap > bounds.minMs) expect(worth(curve, from, age - 20)).toBeLessThan(8_000);
      from = age;
    }
  });

  it('are a least interval apart while slots are left over, and further the dearer a slot is', () => {
    expect(pollAges(curve, bounds, 0).slice(0, 3)).toEqual([5_000, 10_000, 15_000]);
    expect(pollAges(curve, bounds, 20_000).length).toBeLessThan(pollAges(curve, bounds, 8_000).length);
  });

  it('lie under a curve that falls from 1', () => {
    const points = survivalPoints(curve);
    expect(points[0]).toEqual({ ageMs: 0, share: 1 });
    for (const [i, { share }] of points.entries()) expect(share).toBeLessThanOrEqual(points[i - 1]?.share ?? 1);
  });
});

it('a rule for a wording names it, and leaves out what has no letter or digit', () => {
  const rules = JSON.parse(
    rulesFor([
      { apiStatus: 'odd', message: 'Gone!' },
      { apiStatus: '?', message: 'x' },
      { apiStatus: '', message: '!' },
    ]),
  ) as unknown[];
  expect(rules).toMatchObject([
    { anyOf: [{ status: ['odd'], messageIs: ['Gone!'] }] },
    { anyOf: [{ messageIs: ['x'] }] },
  ]);
  expect(rules[1]).not.toHaveProperty('anyOf.0.status');
});

it('durations have their largest unit, and the next one while that is worth telling', () => {
  const ms = [0, 400, 14_000, 725_000, 95_000, 3_600_000, 90_000_000];
  expect(ms.map(duration)).toEqual(['0 s', 'under 1 s', '14 s', '12 min', '1 min 35 s', '1 h', '1 d 1 h']);
});
