import type { Keys } from '../contract/keys.ts';
import type { FaxResult } from '../contract/result.ts';

// Counts over time, of all workers together, by minute. Ten minutes share a hash, which is small enough for Redis to
// keep it in its compact form, and which expires after a day and an hour.

export const MINUTE_MS = 60_000;
export const MINUTES_PER_HASH = 10;
export const COUNTS_KEPT_SECONDS = 25 * 60 * 60;

/**
 * What is counted in a minute: faxes by how they ended; the sum of how late the sent and failed ones were found at most
 * (ms); requests for the status of a fax.
 */
export type CountLetter = 's' | 'f' | 'n' | 'e' | 'l' | 'r';

export const LETTER_OF: Readonly<Record<FaxResult['state'], CountLetter>> = {
  sent: 's',
  failed: 'f',
  not_found: 'n',
  expired: 'e',
};

/** The number of the hash that counts a moment. @param at ms since 1970 */
export const countsHash = (at: number): number => Math.floor(at / (MINUTE_MS * MINUTES_PER_HASH));

/** Where something is counted that happens at a moment. @param at ms since 1970, by Redis's clock */
export function countsAt(keys: Keys, at: number): { readonly key: string; field(letter: CountLetter): string } {
  const minute = Math.floor(at / MINUTE_MS) % MINUTES_PER_HASH;
  return { key: keys.counts(countsHash(at)), field: (letter) => `${minute}${letter}` };
}
