import { describe, expect, it } from '@jest/globals';
import { rateHeaders } from '../../src/fax-api/rate-headers.ts';

const NOW = Date.parse('2030-01-01T00:00:00Z');

describe('rate headers', () => {
  it.each([
    [{ 'retry-after': '7' }, { retryAfterMs: 7_000 }],
    [{ 'retry-after': 'Tue, 01 Jan 2030 00:00:30 GMT' }, { retryAfterMs: 30_000 }],
    [{ 'retry-after': 'Mon, 31 Dec 2029 23:00:00 GMT' }, { retryAfterMs: 0 }],
    [{ 'retry-after': '999999999999' }, { retryAfterMs: 86_400_000 }],
    [{ 'retry-after': 'soon' }, {}],
    [
      { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '12' },
      { remaining: 0, resetMs: 12_000 },
    ],
    [{ 'x-ratelimit-reset': String(NOW / 1000 + 5) }, { resetMs: 5_000 }],
    [{ 'retry-after': '0.25' }, { retryAfterMs: 250 }],
    [{ 'retry-after': '1.0001' }, { retryAfterMs: 1_001 }],
    [{ 'x-ratelimit-reset': '2030-01-01T00:00:30+00:00' }, { resetMs: 30_000 }],
    [
      { 'x-ratelimit-reset': ['3', '9'], 'x-ratelimit-remaining': ['4', '5'] },
      { remaining: 4, resetMs: 3_000 },
    ],
    [{ 'x-ratelimit-remaining': ' 17 ' }, { remaining: 17 }],
    [{ 'x-ratelimit-remaining': '17 of 60' }, {}],
    [{ 'x-ratelimit-remaining': '17x' }, {}],
    [{ 'x-ratelimit-remaining': '-1' }, {}],
    [{ 'x-ratelimit-remaining': '' }, {}],
    [{}, {}],
  ])('%j', (headers, read) => {
    expect(rateHeaders(headers, NOW)).toStrictEqual(read); // what cannot be read leaves no field, not even undefined
  });
});
