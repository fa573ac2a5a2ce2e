import { expect, it } from '@jest/globals';
import { withNextRun, withNextRuns } from '../../src/dashboard/next-run.ts';

const AT = Date.parse('2030-01-01T12:00:00Z');
const polled = { polls: 3, lastPollAt: '2030-01-01T12:00:40Z', nextPollAt: '2030-01-01T12:01:00Z' };

it('a polled job runs when its next poll is, counted from its enqueue, as the board adds it to that', () => {
  const job = { timestamp: AT, delay: 20_000, opts: { attempts: 1 }, progress: polled };
  expect(withNextRun(job)).toEqual({ ...job, delay: 60_000, opts: { attempts: 1, delay: 60_000 } });
});

it('one that competes for slots has no time of its next poll', () => {
  const job = { timestamp: AT, delay: 1_500_000, opts: {}, progress: { ...polled, nextPollAt: null } };
  expect(withNextRun(job)).toEqual({ ...job, delay: 0 });
});

it.each([
  ['that its producer has delayed', { timestamp: AT, delay: 5_000, opts: { delay: 5_000 }, progress: 0 }],
  ['that is not delayed', { timestamp: AT, delay: 0, opts: {}, progress: polled }],
  ['without a time of its own', { delay: 20_000, opts: {}, progress: polled }],
])('one %s stays as it is', (_what, job) => {
  expect(withNextRun(job)).toBe(job);
});

it('answers that hold no job stay as they are', () => {
  const answers = [undefined, null, '', { error: 'x' }, ['a line of a log']];
  expect(answers.map(withNextRuns)).toEqual(answers);
  expect(withNextRuns({ queues: [{ name: 'a', jobs: [] }] })).toEqual({ queues: [{ name: 'a', jobs: [] }] });
});
