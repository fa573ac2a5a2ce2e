import { expect, it } from '@jest/globals';
import pino from 'pino';
import { PollingReport } from '../../src/polling/polling-report.ts';

it('the log says once a minute how polling goes, and nothing while there is none', () => {
  const lines: Record<string, unknown>[] = [];
  const log = pino({ base: null, timestamp: false }, { write: (line) => lines.push(JSON.parse(line) as never) });
  const report = new PollingReport({ candidates: 7, worthMs: 1234.5 }, { current: 0.95 }, log);
  const asked: boolean[] = [];
  const nothing = (): void => undefined;
  const observer = report.counting({
    asking: (byNet) => asked.push(byNet),
    polled: nothing,
    finished: nothing,
    rejected: nothing,
  });
  report.report();
  expect(lines).toEqual([]);
  for (let i = 0; i < 54; i += 1) observer.asking(i === 0);
  report.report();
  expect(lines).toMatchObject([{ polls: 54, shareOfPace: 0.947, safetyNetPolls: 1, candidates: 7, lastWorthMs: 1235 }]);
  report.report();
  expect(lines).toHaveLength(1);
  expect(asked.filter(Boolean)).toHaveLength(1); // the other observer has seen all
});
