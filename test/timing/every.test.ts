import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { every } from '../../src/timing/every.ts';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

const unexpected = (error: unknown): never => {
  throw error;
};

it('runs a step after each interval, and none once it is disposed of', async () => {
  let steps = 0;
  const refresh = every(10, () => (steps += 1), unexpected);
  expect(steps).toBe(0);
  await jest.advanceTimersByTimeAsync(35);
  expect(steps).toBe(3);
  refresh[Symbol.dispose]();
  expect(jest.getTimerCount()).toBe(0);
  await jest.advanceTimersByTimeAsync(100);
  expect(steps).toBe(3);
});

it('starts no step while one runs', async () => {
  const ends: (() => void)[] = [];
  const refresh = every(10, () => new Promise<void>((resolve) => ends.push(resolve)), unexpected);
  await jest.advanceTimersByTimeAsync(50);
  expect(ends).toHaveLength(1);
  ends[0]?.();
  await jest.advanceTimersByTimeAsync(10);
  expect(ends).toHaveLength(2);
  refresh[Symbol.dispose]();
});

it('reports what a step throws or rejects with, and goes on', async () => {
  const failures: unknown[] = [];
  let steps = 0;
  const step = (): Promise<void> => {
    steps += 1;
    if (steps === 1) throw new Error('thrown');
    return steps === 2 ? Promise.reject(new Error('rejected')) : Promise.resolve();
  };
  const refresh = every(10, step, (error) => failures.push(error));
  await jest.advanceTimersByTimeAsync(35);
  expect(failures).toEqual([new Error('thrown'), new Error('rejected')]);
  expect(steps).toBe(3);
  refresh[Symbol.dispose]();
});
