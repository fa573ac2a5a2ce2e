import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { Metrics } from '../../src/dashboard/metrics.ts';
import type { ModelStore } from '../../src/schedule/model-store.ts';
import { EDGES } from '../../src/schedule/life-table.ts';

const model = { hazards: new Float64Array(EDGES.length), completions: 0 } as unknown as ModelStore;

it('counters begin at 0 with all their labels, and the balance is unknown until the API tells it', async () => {
  const metrics = new Metrics(false);
  metrics.of(undefined, 5);
  const account = { name: undefined, fleet: undefined, model, worthMs: 0, ownKeyRefused: false };
  const text = await metrics.text([account], { redisUp: true, storable: true, keyFileValid: undefined });
  const lines = text
    .split('\n')
    .filter((line) => /^fax_(polls|faults|refusals|finished|jobs_rejected)_total/.test(line));
  const labels = (name: string, label: string, values: string[]) =>
    values.map((value) => `fax_${name}_total{${label}="${value}"} 0`);
  const failures = ['no_answer', 'busy', 'file_error', 'hangup', 'unknown'].map((reason) => ['failed', reason]);
  const finished = [['sent', 'ok'], ...failures, ['not_found', 'not_found'], ['expired', 'deadline_exceeded']];
  expect(lines.sort()).toEqual(
    [
      ...labels('polls', 'outcome', [
        'sent',
        'failed',
        'pending',
        'unrecognised',
        'unauthorized',
        'rate_limited',
        'not_found',
        'fault',
      ]),
      ...labels('faults', 'fault', [
        'redirect',
        'timeout',
        'connection',
        'tls',
        'dns',
        'not_json',
        'wrong_shape',
        'too_large',
      ]),
      ...labels('refusals', 'reason', ['unauthorized', 'rate_limited']),
      ...finished.map(([state, reason]) => `fax_finished_total{state="${state}",reason="${reason}"} 0`),
      'fax_jobs_rejected_total 0',
    ].sort(),
  );
  expect(text).not.toMatch(/^fax_user_cash_balance /m);
});

it('tells which version runs, on which Node', async () => {
  const text = await new Metrics(false).text([], { redisUp: true, storable: true, keyFileValid: undefined });
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  expect(text).toContain(`fax_build_info{version="${version}",node="${process.version}"} 1`);
});
