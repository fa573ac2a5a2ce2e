import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ceilingPace, limiterShape, paceAt, regainMs } from '../../src/limit/pace.ts';

describe('pace', () => {
  it('has the limit less the headroom as its ceiling', () => {
    expect(ceilingPace(60, 60_000, 0.05)).toBeCloseTo(0.95);
    expect(ceilingPace(200, 1_000, 0)).toBe(200);
  });

  it('starts at the ceiling, falls at a refusal, and creeps back', () => {
    expect(paceAt(10, [], 5, 1_000)).toBe(10);
    const after = (windows: number): number => paceAt(10, [1_000], 1_000 + windows * 500, 500);
    expect(after(0)).toBe(5);
    expect(after(-1)).toBe(5);
    expect(after(15)).toBeGreaterThan(8.8); // half-way there, most is regained
    expect(after(30)).toBeCloseTo(9.5); // just under what was refused
    expect(after(36)).toBeLessThan(10); // where it waits
    expect(after(60)).toBe(10); // and then tries more
    fc.assert(
      fc.property(
        fc.nat({ max: 100_000 }),
        fc.nat({ max: 10_000 }),
        (at, more) => after((at + more) / 100) >= after(at / 100) - 1e-9,
      ),
    );
  });

  it('is halved again by a second refusal, from where it had come by then', () => {
    expect(paceAt(10, [1_000, 1_000], 1_000, 500)).toBe(2.5);
    expect(paceAt(10, [1_000, 16_000], 16_000, 500)).toBeCloseTo(4.75);
    expect(paceAt(10, [1_000, 16_000], 16_000 + regainMs(500), 500)).toBe(10);
  });

  it('is told to BullMQ in whole milliseconds, a little shorter as windows start late, one job per window where that costs little', () => {
    expect(limiterShape(0.95, 60_000, 0.05)).toEqual({ max: 1, duration: 1_051 });
    expect(limiterShape(0.01, 60_000, 0.05)).toEqual({ max: 1, duration: 100_000 });
    expect(limiterShape(9.5, 1_000, 0.05)).toEqual({ max: 1, duration: 104 });
    expect(limiterShape(190, 1_000, 0.05)).toEqual({ max: 8, duration: 43 });
    expect(limiterShape(10, 1_000, 0)).toEqual({ max: 1, duration: 100 });
  });

  it('is never told so that a sliding window of the API sees more than its limit, nor faster than it is with the usual lateness', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 5_000, noNaN: true }),
        fc.constantFrom(100, 1_000, 60_000),
        fc.double({ min: 0, max: 0.5, noNaN: true }),
        (pace, windowMs, headroom) => {
          const { max, duration } = limiterShape(pace, windowMs, headroom);
          expect(Number.isInteger(duration)).toBe(true);
          expect((max * 1_000) / (duration + 2)).toBeLessThanOrEqual(pace * (1 + 1e-9));
          const seen = max * (Math.floor(windowMs / duration) + 1) + max - 1;
          const plain = max === 1 && duration === Math.ceil(1_000 / pace); // what is left where nothing fits
          if (!plain) expect(seen).toBeLessThanOrEqual(((pace * windowMs) / 1_000 / (1 - headroom)) * (1 + 1e-6));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('loses little to windows that start late, with the usual headroom', () => {
    const used = (pace: number): number => {
      const { max, duration } = limiterShape(pace, 1_000, 0.05);
      return (max * 1_000) / (duration + 2) / pace;
    };
    for (const pace of [0.95, 9.5]) expect(used(pace)).toBeGreaterThan(0.99);
    const ofMinute = limiterShape(9.7, 60_000, 0.03); // requests do not come later where the API counts for longer
    expect(1_000 / (ofMinute.duration + 2) / 9.7).toBeGreaterThan(0.99);
    // bursts leave a strict window less room
    for (const pace of [19, 57, 95, 190, 950]) expect(used(pace)).toBeGreaterThan(0.9);
  });
});
