// Numbers and times as people read them. All pure.

const UNITS = [
  { ms: 86_400_000, name: 'd' },
  { ms: 3_600_000, name: 'h' },
  { ms: 60_000, name: 'min' },
  { ms: 1_000, name: 's' },
] as const;

/** A duration in its largest unit, and the next one if that matters. @example duration(750_000) === '12 min' */
export function duration(ms: number): string {
  const i = UNITS.findIndex((unit) => ms >= unit.ms);
  const unit = UNITS[i];
  if (!unit) return ms > 0 && ms < 1_000 ? 'under 1 s' : '0 s';
  const whole = Math.floor(ms / unit.ms);
  const smaller = UNITS[i + 1];
  const rest = smaller && whole < 10 ? Math.floor((ms - whole * unit.ms) / smaller.ms) : 0;
  return smaller && rest > 0 ? `${whole} ${unit.name} ${rest} ${smaller.name}` : `${whole} ${unit.name}`;
}

/** @example count(1, 'fax', 'faxes') === '1 fax' */
export const count = (n: number, one: string, many: string): string =>
  `${n.toLocaleString('en')} ${n === 1 ? one : many}`;

/** A number with two or three digits that count. */
export const figure = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(2)));

export const percent = (share: number): string => `${Math.round(share * 100)} %`;

/** @example clockTime(0) === '00:00:00 UTC' */
export const clockTime = (at: number): string => `${new Date(at).toISOString().slice(11, 19)} UTC`;

/** The time of day, without seconds. */
export const minuteTime = (at: number): string => new Date(at).toISOString().slice(11, 16);
