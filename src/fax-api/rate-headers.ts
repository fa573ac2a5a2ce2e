import type { RateHeaders } from './answer.ts';

/** Headers of an answer by their names in lower case; one that came more than once is a list. */
export type Headers = Readonly<Record<string, string | string[] | undefined>>;

const LONGEST_MS = 24 * 60 * 60 * 1000;
const EPOCH_SECONDS = 1_000_000_000; // an X-RateLimit-Reset above this is a date, below it a number of seconds

/**
 * Reads `Retry-After` (seconds or an HTTP date, RFC 9110, 10.2.3) and `X-RateLimit-Remaining` and `-Reset` (seconds
 * from now or since 1970; no standard says which). What cannot be read is left out, and nothing is longer than a day.
 *
 * @param nowMs the time that dates are compared with
 */
export function rateHeaders(headers: Headers, nowMs: number): RateHeaders {
  const retryAfterMs = duration(one(headers['retry-after']), nowMs);
  const resetMs = duration(one(headers['x-ratelimit-reset']), nowMs);
  const remaining = count(one(headers['x-ratelimit-remaining']));
  return {
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(remaining !== undefined && { remaining }),
    ...(resetMs !== undefined && { resetMs }),
  };
}

const one = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value);

const count = (text: string | undefined): number | undefined =>
  text && /^\s*\d{1,9}\s*$/.test(text) ? Number(text) : undefined;

function duration(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined;
  let ms: number;
  if (/^\s*\d{1,12}(\.\d+)?\s*$/.test(text)) {
    const seconds = Number(text);
    ms = seconds > EPOCH_SECONDS ? seconds * 1000 - nowMs : seconds * 1000;
  } else {
    ms = Date.parse(text) - nowMs;
  }
  return Number.isFinite(ms) ? Math.min(Math.max(Math.ceil(ms), 0), LONGEST_MS) : undefined;
}
