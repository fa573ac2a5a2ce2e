const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export const DURATION_WANTED = 'must be a whole number with ms, s, m, h or d, such as 30m';

/** A time such as `30m`, in ms; undefined if it is none, or nothing. Pure. */
export function parseDuration(text: string): number | undefined {
  const [, count, unit = ''] = /^([1-9]\d{0,8})(ms|s|m|h|d)$/.exec(text) ?? [];
  const ms = Number(count) * (UNITS[unit] ?? 0);
  return Number.isSafeInteger(ms) && ms > 0 ? ms : undefined;
}
