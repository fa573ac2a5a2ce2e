import { readFileSync } from 'node:fs';

/** How long faxes take: draws a duration in s. */
export type Distribution = { readonly name: string; draw(random: () => number): number };

const normal = (random: () => number): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

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

/** As the usual ones, but without the hour-long; retries come at fixed times, as providers make them. */
export const retried: Distribution = {
  name: 'retried',
  draw(random) {
    const kind = random();
    if (kind < 0.06) return 2 + 6 * random();
    if (kind < 0.83) return 75 * Math.exp(0.45 * normal(random));
    return 300 * (1 + Math.floor(3 * random())) + 12 * (2 * random() - 1);
  },
};

const quick: Distribution = { name: 'quick', draw: (random) => 75 * Math.exp(0.45 * normal(random)) };

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

/** How faxes come and go: what a benchmark's `--trace` names. */
export type Trace = {
  readonly name: string;
  /** How long faxes take that are sent so many seconds (in life) after the start. */
  distributionAt(seconds: number): Distribution;
  /** How many faxes are sent at once. */
  readonly burst: number;
  /** The API gives no answer for so long, once so many faxes were sent. */
  readonly outage?: { readonly afterFaxes: number; readonly seconds: number };
};

/** Faxes that all take as long as one distribution says, and come one by one. */
export const steady = (name: string, distribution: Distribution): Trace => ({
  name,
  distributionAt: () => distribution,
  burst: 1,
});

const SWAP_EVERY_S = 900;

export const TRACES: readonly Trace[] = [
  steady('usual', faxLike),
  steady('retried', retried),
  steady('late', lateOnly),
  {
    name: 'swap',
    distributionAt: (seconds) => (Math.floor(seconds / SWAP_EVERY_S) % 2 === 0 ? quick : lateOnly),
    burst: 1,
  },
  { ...steady('bursts', faxLike), burst: 500 },
  { ...steady('outage', faxLike), outage: { afterFaxes: 500, seconds: 600 } },
];

/** A fax of a trace, and from which distribution its time was drawn. */
export type DrawnFax = TracedFax & { readonly drawnFrom: Distribution };

/**
 * The faxes of a trace, sent at random (Poisson) at a rate, time-compressed by a factor.
 *
 * @yields those that are sent at once, together; without an end
 */
export function* sendings(trace: Trace, perSecond: number, compression: number, seed: number): Generator<DrawnFax[]> {
  const random = seeded(seed);
  for (let [at, sent] = [0, 0]; ; sent += trace.burst) {
    for (let fax = 0; fax < trace.burst; fax += 1) at += (-Math.log(1 - random()) / perSecond) * 1000;
    const drawnFrom = trace.distributionAt((at / 1000) * compression);
    yield Array.from({ length: trace.burst }, (_, i) => {
      return { id: sent + i + 1, atMs: at, takesMs: (drawnFrom.draw(random) / compression) * 1000, drawnFrom };
    });
  }
}

/** Faxes sent one by one at random (Poisson) at a rate for so many seconds, time-compressed by a factor. */
export function traceOf(
  distribution: Distribution,
  perSecond: number,
  seconds: number,
  compression: number,
  seed: number,
): TracedFax[] {
  const faxes: TracedFax[] = [];
  for (const sent of sendings(steady(distribution.name, distribution), perSecond, compression, seed)) {
    if ((sent[0]?.atMs ?? 0) > seconds * 1000) break;
    faxes.push(...sent);
  }
  return faxes;
}
