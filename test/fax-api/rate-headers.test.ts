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
    [{ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '12' }, { remaining: 0, resetMs: 12_000 }],
    [{ 'x-ratelimit-reset': String(NOW / 1000 + 5) }, { resetMs: 5_000 }],
    [{ 'x-ratelimit-remaining': '-1' }, {}],
    [{}, {}],
  ])('%j', (headers, read) => {
    expect(rateHeaders(headers, NOW)).toEqual(read);
  });
});
