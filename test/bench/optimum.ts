import { seeded, type Distribution } from './trace.ts';

const SAMPLE = 100_000;
const GRID = 900;

/**
 * A schedule that nobody can beat: its mean lag over the whole distribution, and the lag with which it finds one fax,
 * ms.
 */
export type Optimum = { readonly meanLagMs: number; readonly pollsPerFax: number; lagOf(takesMs: number): number };

/**
 * The schedule of polls by age with the least mean lag at so many polls per fax on average, for one who knows the
 * distribution: by dynamic programming over a grid of ages, at the price of a poll at which it spends the budget.
 * Written apart from the service's own policy, which it judges.
 */
export function optimum(distribution: Distribution, compression: number, pollsPerFax: number): Optimum {
  const random = seeded(7);
  const ages = Float64Array.from({ length: SAMPLE }, () => (distribution.draw(random) / compression) * 1000).sort();
  const sums = new Float64Array(SAMPLE + 1);
  for (let i = 0; i < SAMPLE; i += 1) sums[i + 1] = (sums[i] as number) + (ages[i] as number);
  const first = (ages[0] as number) / 2;
  const last = (ages[SAMPLE - 1] as number) * 1.01;
  const grid = [0, ...Array.from({ length: GRID }, (_, i) => first * (last / first) ** (i / (GRID - 1)))];
  const finished = grid.map((age) => countUpTo(ages, age));
  const lagBetween = (i: number, j: number): number => {
    const [from, to] = [finished[i] as number, finished[j] as number];
    return (to - from) * (grid[j] as number) - ((sums[to] as number) - (sums[from] as number));
  };
  const atPrice = (price: number): Optimum => {
    const n = grid.length;
    const [cost, polls, lag, next] = [new Float64Array(n), new Float64Array(n), new Float64Array(n), new Int32Array(n)];
    for (let i = n - 2; i >= 0; i -= 1) {
      const open = SAMPLE - (finished[i] as number);
      let best = Infinity;
      for (let j = i + 1; j < n; j += 1) {
        const late = lagBetween(i, j);
        if (late > best) break;
        const total = late + open * price + (cost[j] as number);
        if (total < best)
          [best, next[i], polls[i], lag[i]] = [total, j, open + (polls[j] as number), late + (lag[j] as number)];
      }
      cost[i] = best;
    }
    const path = [0];
    while ((path.at(-1) as number) < n - 1) path.push(next[path.at(-1) as number] as number);
    const ages = path.map((i) => grid[i] as number);
    return {
      meanLagMs: (lag[0] as number) / SAMPLE,
      pollsPerFax: (polls[0] as number) / SAMPLE,
      lagOf: (takesMs) => (ages.find((age) => age >= takesMs) ?? takesMs) - takesMs,
    };
  };
  let [low, high] = [1e-3, 1e9];
  for (let i = 0; i < 40; i += 1) {
    const middle = Math.sqrt(low * high);
    if (atPrice(middle).pollsPerFax > pollsPerFax) low = middle;
    else high = middle;
  }
  return atPrice(high);
}

function countUpTo(sorted: Float64Array, value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as number) <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
