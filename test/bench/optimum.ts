import { seeded, type Distribution } from './trace.ts';

const SAMPLE = 100_000;
const GRID = 900;

/**
 * The least mean lag (ms) that any schedule of polls by age can have at so many polls per fax on average, if it knows the distribution: by
 * dynamic programming over a grid of ages, on the price of a poll at which it spends the budget. Written apart from the
 * service's own policy, which it judges.
 */
export function optimalLag(distribution: Distribution, compression: number, pollsPerFax: number): number {
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
  const atPrice = (price: number): { polls: number; lag: number } => {
    const n = grid.length;
    const cost = new Float64Array(n);
    const polls = new Float64Array(n);
    const lag = new Float64Array(n);
    for (let i = n - 2; i >= 0; i -= 1) {
      const open = SAMPLE - (finished[i] as number);
      let best = Infinity;
      for (let j = i + 1; j < n; j += 1) {
        const late = lagBetween(i, j);
        if (late > best) break;
        const total = late + open * price + (cost[j] as number);
        if (total < best) [best, polls[i], lag[i]] = [total, open + (polls[j] as number), late + (lag[j] as number)];
      }
      cost[i] = best;
    }
    return { polls: (polls[0] as number) / SAMPLE, lag: (lag[0] as number) / SAMPLE };
  };
  return onBudget(atPrice, pollsPerFax);
}

/** Between the two cheapest mixes of schedules around the budget, lag is a straight line: schedules may be mixed at random. */
function onBudget(atPrice: (price: number) => { polls: number; lag: number }, budget: number): number {
  let [low, high] = [1e-3, 1e9];
  for (let i = 0; i < 40; i += 1) {
    const middle = Math.sqrt(low * high);
    if (atPrice(middle).polls > budget) low = middle;
    else high = middle;
  }
  const [more, fewer] = [atPrice(low), atPrice(high)];
  const part = more.polls === fewer.polls ? 0 : (budget - fewer.polls) / (more.polls - fewer.polls);
  return fewer.lag + (more.lag - fewer.lag) * Math.min(1, Math.max(0, part));
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
