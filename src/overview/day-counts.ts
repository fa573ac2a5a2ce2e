import { MINUTES_PER_HASH, type CountLetter } from '../polling/counts.ts';

/** What was counted in some minutes. */
export type Count = {
  readonly sent: number;
  readonly failed: number;
  readonly notFound: number;
  readonly expired: number;
  /** How late the sent and failed ones were found at most, summed up, ms. */
  readonly lagMs: number;
  readonly requests: number;
};

/** The last hour by minute, and the last day by ten minutes; oldest first, the last one under way. */
export type DayCounts = { readonly hour: readonly Count[]; readonly day: readonly Count[] };

export const HASHES_OF_A_DAY = 144;
const MINUTES_OF_AN_HOUR = 60;
export const NOTHING: Count = { sent: 0, failed: 0, notFound: 0, expired: 0, lagMs: 0, requests: 0 };

/**
 * Reads a day of counts. Pure.
 *
 * @param hashes of the day, oldest first, the last one that of now
 * @param now ms since 1970
 */
export function dayCounts(hashes: readonly Readonly<Record<string, string>>[], now: number): DayCounts {
  const minutes = hashes.flatMap((hash) => Array.from({ length: MINUTES_PER_HASH }, (_, i) => minuteOf(hash, i)));
  const current = Math.floor(now / 60_000) % MINUTES_PER_HASH;
  const end = minutes.length - MINUTES_PER_HASH + current + 1;
  return {
    hour: minutes.slice(Math.max(0, end - MINUTES_OF_AN_HOUR), end),
    day: hashes.map((_, i) => sum(minutes.slice(i * MINUTES_PER_HASH, (i + 1) * MINUTES_PER_HASH))),
  };
}

export const finished = ({ sent, failed, notFound, expired }: Count): number => sent + failed + notFound + expired;

/** How late faxes were found at most, on average, ms; undefined if none was. */
export const meanLag = ({ sent, failed, lagMs }: Count): number | undefined =>
  sent + failed === 0 ? undefined : lagMs / (sent + failed);

export const sum = (counts: readonly Count[]): Count =>
  counts.reduce(
    (all, count) => ({
      sent: all.sent + count.sent,
      failed: all.failed + count.failed,
      notFound: all.notFound + count.notFound,
      expired: all.expired + count.expired,
      lagMs: all.lagMs + count.lagMs,
      requests: all.requests + count.requests,
    }),
    NOTHING,
  );

/** Requests per second, by the last full minute and the one under way. @param now ms since 1970 */
export function requestsPerSecond({ hour }: DayCounts, now: number): number {
  const seconds = 60 + (now % 60_000) / 1_000;
  return sum(hour.slice(-2)).requests / seconds;
}

function minuteOf(hash: Readonly<Record<string, string>>, minute: number): Count {
  const count = (letter: CountLetter): number => {
    const value = Number(hash[`${minute}${letter}`] ?? 0);
    return Number.isFinite(value) ? value : 0;
  };
  return {
    sent: count('s'),
    failed: count('f'),
    notFound: count('n'),
    expired: count('e'),
    lagMs: count('l'),
    requests: count('r'),
  };
}
