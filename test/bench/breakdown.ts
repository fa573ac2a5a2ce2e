import Table from 'cli-table3';
import { EDGES, emptyTable, hazards, learnCompletion, learnPending, plus, tableOf, type LifeTable } from '../../src/pacing/completion-model.ts';
import { intervalAt, type AgeGroup } from '../../src/pacing/policy.ts';
import { firstPrice, nextPrice } from '../../src/pacing/price.ts';
import prior from '../../config/completion-prior.json' with { type: 'json' };
import { mean } from './figures.ts';
import { optimum } from './optimum.ts';
import { faxLike, seeded, traceOf } from './trace.ts';

// npm run bench:breakdown: where the distance to the optimum lies. The service's own model, policy and price in a simulation without Redis or
// network, with one cause of distance taken away after the other. Some seconds, the same figures each time.

const COMPRESSION = 10;
const PER_SECOND = 20;
const [WARM_UP_MS, END_MS, SEEDS] = [100_000, 190_000, 8];
const bounds = { minMs: 500, maxMs: 30_000 };
const HORIZON_MS = 8_640_000;
const GROUPS = EDGES.filter((_, bin) => bin % 4 === 0).map((fromMs, i, all) => ({ fromMs, toMs: all[i + 1] ?? fromMs * 2 }));

type Variant = { readonly name: string; readonly exact: boolean; readonly pace: number; readonly promote: boolean };
const VARIANTS: readonly Variant[] = [
  { name: 'as the service runs', exact: false, pace: 1000 / 52, promote: true },
  { name: '… without headroom and whole milliseconds', exact: false, pace: PER_SECOND, promote: true },
  { name: '… and with the hazard known', exact: true, pace: PER_SECOND, promote: true },
  { name: 'as the service runs, without promotion', exact: false, pace: 1000 / 52, promote: false },
];

type Fax = { readonly bornAt: number; readonly takesMs: number; pendingAge: number; due: number; polledAt: number; seenAt: number | undefined };

/** Mean lag over that of the optimal schedule on the same faxes, and mean time that a due poll waits for its slot, ms. */
function simulate(polls: number, seed: number, { exact, pace, promote }: Variant): { ratio: number; waitMs: number } {
  const random = seeded(seed + 1000);
  const trace = traceOf(faxLike, PER_SECOND / polls, (END_MS + 40_000) / 1000, COMPRESSION, seed * 31 + polls);
  const shipped = tableOf(prior.distribution as [number, number][], prior.faxes);
  const learned: LifeTable = emptyTable();
  let known = exact ? EXACT : hazards(shipped);
  let price = firstPrice(known, bounds, HORIZON_MS);
  const faxes: Fax[] = [];
  const inFlight = new Set<Fax>();
  let delayed: Fax[] = [];
  const waiting: Fax[] = [];
  const waits: number[] = [];
  const jitter = (): number => 1 + 0.05 * (2 * random() - 1);
  for (let now = 0, refresh = 0; now < END_MS + 40_000; now += 1000 / pace) {
    for (let next = trace[faxes.length]; next && next.atMs <= now; next = trace[faxes.length]) {
      const fax: Fax = { bornAt: next.atMs, takesMs: next.takesMs, pendingAge: 0, due: next.atMs, polledAt: -Infinity, seenAt: undefined };
      if (!price.slack) fax.due += intervalAt(price.policy, { ...bounds, minMs: 0 }, 0) * jitter();
      faxes.push(fax);
      inFlight.add(fax);
      delayed.push(fax);
    }
    if (now >= refresh) {
      refresh = now + 1000;
      if (!exact) known = hazards(plus(shipped, learned));
      const ages = [...inFlight].map(({ bornAt }) => now - bornAt);
      const groups = GROUPS.map((group): AgeGroup => ({ ...group, count: ages.filter((age) => age >= group.fromMs && age < group.toMs).length }));
      price = nextPrice(price, known, { groups, backlog: waiting.length, pacePerSecond: pace }, bounds, HORIZON_MS);
    }
    waiting.push(...delayed.filter(({ due }) => due <= now).sort((a, b) => a.due - b.due));
    delayed = delayed.filter(({ due }) => due > now);
    let fax = waiting.shift();
    if (fax) waits.push(now - fax.due);
    else if (promote) {
      fax = delayed.filter(({ polledAt }) => now - polledAt >= bounds.minMs).sort((a, b) => a.due - b.due)[0];
      delayed = delayed.filter((other) => other !== fax);
    }
    if (!fax) continue;
    const age = now - fax.bornAt;
    fax.polledAt = now;
    if (age >= fax.takesMs) {
      fax.seenAt = now;
      inFlight.delete(fax);
      learnCompletion(learned, known, fax.pendingAge, age);
    } else {
      learnPending(learned, fax.pendingAge, age);
      fax.pendingAge = age;
      fax.due = now + Math.max(bounds.minMs, intervalAt(price.policy, bounds, age) * jitter());
      delayed.push(fax);
    }
  }
  const measured = faxes.filter(({ bornAt, takesMs }) => bornAt + takesMs >= WARM_UP_MS && bornAt + takesMs < END_MS);
  const lag = mean(measured.map(({ bornAt, takesMs, seenAt }) => (seenAt ?? END_MS + 40_000) - bornAt - takesMs));
  const best = OPTIMA.get(polls) ?? optimum(faxLike, COMPRESSION, polls);
  OPTIMA.set(polls, best);
  return { ratio: lag / mean(measured.map(({ takesMs }) => best.lagOf(takesMs))), waitMs: mean(waits) };
}

const OPTIMA = new Map<number, ReturnType<typeof optimum>>();
const EXACT = ((): Float64Array => {
  const random = seeded(5);
  const table = emptyTable();
  for (let i = 0; i < 50_000; i += 1) {
    const takesMs = (faxLike.draw(random) / COMPRESSION) * 1000;
    learnPending(table, 0, takesMs);
    const bin = EDGES.findLastIndex((edge) => edge < takesMs);
    table.completions[bin] = (table.completions[bin] ?? 0) + 1;
  }
  return hazards(table);
})();

const table = new Table({ head: ['of the optimum (wait for a slot, ms)', 'scarce: 2 polls', 'middle: 4', 'ample: 8'], style: { head: [], border: [] } });
for (const variant of VARIANTS) {
  const cells = [2, 4, 8].map((polls) => {
    const runs = Array.from({ length: SEEDS }, (_, seed) => simulate(polls, seed + 1, variant));
    return `${mean(runs.map(({ ratio }) => ratio)).toFixed(2)} (${mean(runs.map(({ waitMs }) => waitMs)).toFixed(0)})`;
  });
  table.push([variant.name, ...cells]);
}
console.log(`means of ${SEEDS} traces`);
console.log(table.toString());
