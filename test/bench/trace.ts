import { readFileSync } from 'node:fs';

/** How long faxes take: draws a duration in s. */
export type Distribution = { readonly name: string; draw(random: () => number): number };

const normal = (random: () => number): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/** Most around 75 s, some fail at once, some are retried for 5 to 15 minutes, a few take an hour. */
export const faxLike: Distribution = {
  name: 'fax-like',
  draw(random) {
    const kind = random();
    if (kind < 0.06) return 2 + 6 * random();
    if (kind < 0.8) return 75 * Math.exp(0.45 * normal(random));
    if (kind < 0.97) return 300 + 600 * random();
    return 3_600 * Math.exp(0.5 * normal(random));
  },
};

/** Unlike the shipped prior: nothing before 8 minutes, all by 14. */
export const lateOnly: Distribution = { name: 'late only', draw: (random) => 480 + 360 * random() };

/** Others' own: a CSV with one duration in s a line (the first column counts; a header is passed over). */
export function fromCsv(file: string): Distribution {
  const durations = readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => Number(line.split(',')[0]))
    .filter((seconds) => seconds > 0);
  if (durations.length < 20) throw new Error(`${file}: fewer than 20 durations`);
  return { name: file, draw: (random) => durations[Math.floor(random() * durations.length)] as number };
}

/** A generator of random numbers that gives the same ones each time (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A fax of a trace, ms: when it is sent after the start, and how long it takes. */
export type TracedFax = { readonly id: number; readonly atMs: number; readonly takesMs: number };

/** Faxes sent at random (Poisson) at a rate, time-compressed by a factor. */
export function traceOf(distribution: Distribution, perSecond: number, seconds: number, compression: number, seed: number): TracedFax[] {
  const random = seeded(seed);
  const faxes: TracedFax[] = [];
  for (let at = 0; ; ) {
    at += (-Math.log(1 - random()) / perSecond) * 1000;
    if (at > seconds * 1000) return faxes;
    faxes.push({ id: faxes.length + 1, atMs: at, takesMs: (distribution.draw(random) / compression) * 1000 });
  }
}
