/**
 * One plot of several runs of `bench:lag`, as more than nine systems at once fill two cores: `npm run bench:lag-plot --
 * peers.json hints.json > docs/lag.svg`. Of a system that several runs have, the first counts.
 */
import { readFileSync } from 'node:fs';
import { lagChart } from './lag-chart.ts';
import type { Row } from './lag.ts';

const SYSTEMS: readonly Row['system'][] = ['faxwatch', 'history', 'callback', 'exponential', 'fixed'];

const runs = process.argv.slice(2).map((file) => JSON.parse(readFileSync(file, 'utf8')) as { medians: Row[] });
const rows = new Map<string, Row>();
for (const row of runs.flatMap(({ medians }) => medians)) {
  const key = `${row.regime} ${row.system}`;
  if (!rows.has(key)) rows.set(key, row);
}
const sorted = [...rows.values()].sort((a, b) => SYSTEMS.indexOf(a.system) - SYSTEMS.indexOf(b.system));
const regimes = [...new Set(sorted.map(({ regime }) => regime))];
process.stdout.write(lagChart(regimes.flatMap((regime) => sorted.filter((row) => row.regime === regime))));
