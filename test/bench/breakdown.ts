import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { ceilingPace, limiterShape } from '../../src/limit/pace.ts';
import { mean } from './figures.ts';
import { simulate, type System } from './simulation.ts';
import { fromCsv, steady, TRACES } from './trace.ts';

// npm run bench:breakdown: where the distance to the optimum lies, on each kind of trace. The service's own model and
// worth in a simulation without Redis or network, with one cause of distance taken away after the other; half a minute,
// the same figures each time.
//   --trace NAME   only this one
//   --csv FILE     your own durations instead (s, one a line)
//   --seeds N      how many traces of a kind are averaged

const { values: flags } = parseArgs({
  options: { trace: { type: 'string' }, csv: { type: 'string' }, seeds: { type: 'string', default: '3' } },
});

const POLLS = [2, 4, 8];
const { max, duration } = limiterShape(ceilingPace(60, 60_000, 0.05), 60_000, 0.05);
const pacePerSecond = (max * 1000) / duration;
const service: System = { name: 'as the service runs', pacePerSecond, headsOnly: true, ahead: 1, known: false };
const fullPace: System = { ...service, name: '… without headroom', pacePerSecond: 1 };
const all: System = { ...fullPace, name: '… all faxes considered, at the slot itself', headsOnly: false, ahead: 0 };
const SYSTEMS: readonly System[] = [
  service,
  fullPace,
  all,
  { ...all, name: '… and with the hazard known', known: true },
];

const named = TRACES.filter(({ name }) => flags.trace === undefined || name === flags.trace);
const traces = flags.csv === undefined ? named : [steady(flags.csv, fromCsv(flags.csv))];
if (traces.length === 0) throw new Error(`no such trace: there are ${TRACES.map(({ name }) => name).join(', ')}`);

const table = new Table({
  head: ['trace', 'mean lag, of the optimum (until 200 faxes were seen)', ...POLLS.map((polls) => `${polls} polls`)],
  style: { head: [], border: [] },
});
for (const trace of traces) {
  for (const system of SYSTEMS) {
    const cells = POLLS.map((polls) => {
      const runs = Array.from({ length: Number(flags.seeds) }, (_, seed) => simulate(trace, polls, seed + 1, system));
      return `${mean(runs.map(({ then }) => then)).toFixed(2)} (${mean(runs.map(({ first }) => first)).toFixed(2)})`;
    });
    table.push([trace.name, system.name, ...cells]);
  }
}
console.log(`one request a second, means of ${flags.seeds} traces of a kind`);
console.log(table.toString());
