import { describe, expect, it } from '@jest/globals';
import { createRateLimiter, LIMIT_KINDS } from '../../src/simulator/rate-limiter.ts';

describe.each(LIMIT_KINDS)('%s', (kind) => {
  it('lets max requests pass in a window, and says when the next may', () => {
    const limiter = createRateLimiter({ kind, max: 3, windowMs: 300 });
    expect([0, 1, 2].map((now) => limiter(now).allowed)).toEqual([true, true, true]);
    const refused = limiter(3);
    expect(refused.allowed).toBe(false);
    expect(limiter(3 + refused.retryAfterMs - 2).allowed).toBe(false);
    expect(limiter(3 + Math.ceil(refused.retryAfterMs)).allowed).toBe(true);
  });
});

it('a fixed window lets twice its number pass around its edge; a sliding one does not', () => {
  const times = [290, 291, 292, 300, 301, 302];
  const passed = (kind: 'fixed-window' | 'sliding-window') => {
    const limiter = createRateLimiter({ kind, max: 3, windowMs: 300 });
    return times.filter((now) => limiter(now).allowed).length;
  };
  expect([passed('fixed-window'), passed('sliding-window')]).toEqual([6, 3]);
});
