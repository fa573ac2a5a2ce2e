import { expect, it } from '@jest/globals';
import type { Fleet } from '../../src/dashboard/fleet.ts';
import { notReady } from '../../src/dashboard/readiness.ts';

const calm: Fleet = {
  pacePerSecond: 1,
  brake: undefined,
  paused: false,
  jobs: { wait: 0, active: 0, delayed: 0, prioritized: 0, completed: 0, failed: 0 },
  oldestInFlightMs: 0,
  overdueMs: 0,
};
const held = { refusals: 1, since: 0, heldUntil: 0 };

it('the service is ready while Redis answers, the key is taken and its worker works', () => {
  expect(notReady(calm, 0, 1_000)).toBeUndefined();
  expect(notReady({ ...calm, brake: { ...held, reason: 'rate_limited' } }, 0, 1_000)).toBeUndefined();
  expect(notReady(calm, 3_600_000, 1_000)).toBeUndefined();
  expect(notReady(undefined, 0, 0)).toMatch(/redis/);
  expect(notReady({ ...calm, brake: { ...held, reason: 'unauthorized' } }, 0, 1_000)).toMatch(/key/);
});

it('a worker that leaves due jobs alone is not ready, unless the brake is on', () => {
  const overdue = { ...calm, overdueMs: 90_000 };
  expect(notReady(overdue, 90_000, 1_000)).toMatch(/taken no job for 90 s/);
  expect(notReady(overdue, 10_000, 1_000)).toBeUndefined();
  expect(notReady(overdue, undefined, 1_000)).toBeUndefined();
  expect(notReady({ ...overdue, brake: { ...held, reason: 'api_down' } }, 90_000, 1_000)).toBeUndefined();
});

it('jobs with a priority are due jobs too', () => {
  const prioritised = { ...calm, jobs: { ...calm.jobs, prioritized: 3 } };
  expect(notReady(prioritised, 90_000, 1_000)).toMatch(/taken no job for 90 s/);
  expect(notReady(prioritised, 10_000, 1_000)).toBeUndefined();
});

it('a paused queue is called paused, not its worker stuck, in a process without a worker too', () => {
  const paused = { ...calm, paused: true, overdueMs: 90_000 };
  for (const idleMs of [0, 90_000, undefined]) {
    expect(notReady(paused, idleMs, 1_000)).toMatch(/queue is paused: resume it/);
  }
  expect(notReady({ ...paused, brake: { ...held, reason: 'unauthorized' } }, 0, 1_000)).toMatch(/key/);
});
