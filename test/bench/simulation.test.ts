import { expect, it } from '@jest/globals';
import { simulate, type System } from './simulation.ts';
import { TRACES, type Trace } from './trace.ts';

const traceNamed = (name: string): Trace => TRACES.find((trace) => trace.name === name) as Trace;
const service: System = { name: 'service', pacePerSecond: 0.95, headsOnly: true, ahead: 1, known: false };
const full: System = { ...service, pacePerSecond: 1, headsOnly: false, ahead: 0 };

// Bars a little above what was measured as the mean of eight traces: 1.10 and 1.22 (usual, retried), 1.08 (late at 2
// polls).
it.each([
  ['usual', 4, 1.3],
  ['retried', 4, 1.4],
  ['late', 2, 1.25],
])('as the service chooses, %s faxes at %d polls are found within %d of the optimum', (name, polls, most) => {
  expect(simulate(traceNamed(name), polls, 1, service).then).toBeLessThan(most);
});

it('who knows the distribution, looks at all faxes and leaves no headroom is close to the optimum', () => {
  const { first, then } = simulate(traceNamed('late'), 4, 1, { ...full, known: true });
  expect(first).toBeLessThan(1.15);
  expect(then).toBeLessThan(1.15);
  expect(then).toBeGreaterThan(0.8);
});

it('faxes that finish after an outage are found', () => {
  expect(simulate(traceNamed('outage'), 2, 1, service).then).toBeLessThan(4);
});
