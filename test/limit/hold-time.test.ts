import { describe, expect, it } from '@jest/globals';
import { holdTime } from '../../src/limit/hold-time.ts';

describe('hold time', () => {
  it('grows with full jitter from 1 s to 5 min for the limit, from 5 s to 5 min for the key, from 1 s to 30 s for an outage', () => {
    expect([0, 1, 2, 20].map((n) => holdTime('rate_limited', n, undefined, 1))).toEqual([2_000, 4_000, 8_000, 300_000]);
    expect([0, 1, 2, 20].map((n) => holdTime('unauthorized', n, undefined, 1))).toEqual([
      10_000, 20_000, 40_000, 300_000,
    ]);
    expect([0, 1, 2, 20].map((n) => holdTime('api_down', n, undefined, 1))).toEqual([2_000, 4_000, 8_000, 30_000]);
    for (const n of [0, 5, 1000]) {
      expect(holdTime('rate_limited', n, undefined, 0)).toBe(1_000);
      expect(holdTime('unauthorized', n, undefined, 0)).toBe(5_000);
    }
  });

  it('is what the API asks for, when it does', () => {
    expect(holdTime('rate_limited', 0, 3_600_000, 0)).toBe(3_600_000);
    expect(holdTime('rate_limited', 9, 0, 1)).toBe(1_000);
  });
});
