// Where things are in a picture. All pure; lengths are those of the SVG's view box.

/** The inside of a picture, between its axes. */
export type Plot = { readonly left: number; readonly right: number; readonly top: number; readonly bottom: number };

/** The least round number (1, 2 or 5 times a power of ten) that is not below a value; 1 for nothing. */
export function roundTop(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= value * (1 - 1e-9)) ?? 10;
  return step * power;
}

/** Where the i-th of n bars stands, and how wide it is. */
export function bar({ left, right }: Plot, i: number, n: number): { readonly x: number; readonly width: number } {
  const step = (right - left) / n;
  return { x: round(left + i * step + step * 0.1), width: round(step * 0.8) };
}

/** The height in the picture of a value between 0 and `max`. */
export const height = ({ top, bottom }: Plot, value: number, max: number): number =>
  round((Math.min(Math.max(value, 0), max) / max) * (bottom - top));

/** One part of a stacked bar. */
export type Segment = { readonly y: number; readonly height: number };

/** The parts of a stacked bar, the first at the bottom. */
export function stack(plot: Plot, values: readonly number[], max: number): Segment[] {
  let y = plot.bottom;
  return values.map((value) => {
    const part = height(plot, value, max);
    y = round(y - part);
    return { y, height: part };
  });
}

/** A line through values, with a gap where one is undefined. @returns the `d` of an SVG path */
export function line(plot: Plot, values: readonly (number | undefined)[], max: number): string {
  const step = (plot.right - plot.left) / values.length;
  let pen = 'M';
  const parts: string[] = [];
  for (const [i, value] of values.entries()) {
    if (value === undefined) {
      pen = 'M';
      continue;
    }
    const [x, y] = [round(plot.left + (i + 0.5) * step), round(plot.bottom - height(plot, value, max))];
    // A point between two gaps would be no line: it is drawn as a short one.
    const alone = pen === 'M' && values[i + 1] === undefined;
    parts.push(`${pen}${x} ${y}${alone ? `h${round(step / 2)}` : ''}`);
    pen = 'L';
  }
  return parts.join('');
}

/** Where an age is on a logarithmic axis from `from` to `to`, ms. */
export function logX({ left, right }: Plot, ageMs: number, from: number, to: number): number {
  const share = Math.log(Math.max(ageMs, from) / from) / Math.log(to / from);
  return round(left + Math.min(1, share) * (right - left));
}

const round = (value: number): number => Math.round(value * 10) / 10;
