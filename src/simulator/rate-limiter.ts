/** The three kinds of limit that APIs use. */
export const LIMIT_KINDS = ['fixed-window', 'sliding-window', 'token-bucket'] as const;
export type LimitKind = (typeof LIMIT_KINDS)[number];

/** At most `max` requests in `windowMs`. A refused request does not count. */
export type Limit = { readonly kind: LimitKind; readonly max: number; readonly windowMs: number };

/** Takes a request at a time (ms): whether it may pass, and if not, after how long the next may. */
export type RateLimiter = (now: number) => { readonly allowed: boolean; readonly retryAfterMs: number };

const PASS = { allowed: true, retryAfterMs: 0 } as const;

export function createRateLimiter(limit: Limit): RateLimiter {
  switch (limit.kind) {
    case 'fixed-window':
      return fixedWindow(limit);
    case 'sliding-window':
      return slidingWindow(limit);
    case 'token-bucket':
      return tokenBucket(limit);
  }
}

function fixedWindow({ max, windowMs }: Limit): RateLimiter {
  let start = 0;
  let count = 0;
  return (now) => {
    const current = Math.floor(now / windowMs) * windowMs;
    if (current !== start) [start, count] = [current, 0];
    if (count >= max) return { allowed: false, retryAfterMs: start + windowMs - now };
    count += 1;
    return PASS;
  };
}

function slidingWindow({ max, windowMs }: Limit): RateLimiter {
  const passed: number[] = [];
  return (now) => {
    while (passed[0] !== undefined && passed[0] <= now - windowMs) passed.shift();
    if (passed[0] !== undefined && passed.length >= max)
      return { allowed: false, retryAfterMs: passed[0] + windowMs - now };
    passed.push(now);
    return PASS;
  };
}

function tokenBucket({ max, windowMs }: Limit): RateLimiter {
  let tokens = max;
  let last: number | undefined;
  return (now) => {
    tokens = Math.min(max, tokens + ((now - (last ?? now)) * max) / windowMs);
    last = now;
    if (tokens < 1) return { allowed: false, retryAfterMs: ((1 - tokens) * windowMs) / max };
    tokens -= 1;
    return PASS;
  };
}
