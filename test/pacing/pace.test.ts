import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ceilingPace, limiterShape, paceAt } from '../../src/pacing/pace.ts';

describe('pace', () => {
  it('has the limit less the headroom as its ceiling', () => {
    expect(ceilingPace(60, 60_000, 0.05)).toBeCloseTo(0.95);
    expect(ceilingPace(200, 1_000, 0)).toBe(200);
  });

  it('starts at the ceiling, falls at a refusal, and creeps back', () => {
    expect(paceAt(10, undefined, 5, 1_000)).toBe(10);
    const refused = { pace: 6, at: 1_000 };
    const after = (windows: number): number => paceAt(10, refused, 1_000 + windows * 500, 500);
    expect(after(0)).toBe(3);
    expect(after(-1)).toBe(3);
    expect(after(15)).toBeGreaterThan(5); // half-way there, most is regained
    expect(after(30)).toBeCloseTo(5.7); // just under what was refused
    expect(after(36)).toBeLessThan(6); // where it waits
    expect(after(60)).toBe(10); // and then tries more
    fc.assert(fc.property(fc.nat({ max: 100_000 }), fc.nat({ max: 10_000 }), (at, more) => after((at + more) / 100) >= after(at / 100) - 1e-9));
  });

  it('is told to BullMQ in whole milliseconds, never faster than it is and at most 2 % slower', () => {
    expect(limiterShape(0.95)).toEqual({ max: 1, duration: 1_053 });
    expect(limiterShape(10)).toEqual({ max: 1, duration: 100 });
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 20_000, noNaN: true }), (pace) => {
        const { max, duration } = limiterShape(pace);
        const told = (max * 1_000) / duration;
        expect(told).toBeLessThanOrEqual(pace * (1 + 1e-9));
        expect(told).toBeGreaterThan(pace * 0.98);
        expect(Number.isInteger(duration)).toBe(true);
      }),
    );
  });
});
