import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { Stops } from '../../src/timing/stops.ts';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

const never = (): Promise<never> => new Promise(() => undefined);

it('stops in reverse, one after the other', async () => {
  const order: string[] = [];
  const stops = new Stops(1_000);
  for (const part of ['redis', 'http', 'worker']) {
    stops.defer(async () => {
      order.push(`${part} stops`);
      await Promise.resolve();
      order.push(`${part} stopped`);
    });
  }
  await stops[Symbol.asyncDispose]();
  const reverse = ['worker', 'http', 'redis'];
  expect(order).toEqual(reverse.flatMap((part) => [`${part} stops`, `${part} stopped`]));
  await stops[Symbol.asyncDispose]();
  expect(order).toHaveLength(6);
});

it('goes on when a stop fails', async () => {
  let stopped = false;
  const stops = new Stops(1_000);
  stops.defer(() => (stopped = true));
  stops.defer(() => {
    throw new Error('thrown');
  });
  stops.defer(() => Promise.reject(new Error('rejected')));
  await stops[Symbol.asyncDispose]();
  expect(stopped).toBe(true);
});

it('waits for all stops together no longer than the time, and calls each of them', async () => {
  const called: string[] = [];
  const stops = new Stops(1_000);
  for (const part of ['redis', 'http', 'worker']) {
    stops.defer(() => {
      called.push(part);
      return never();
    });
  }
  let ended = false;
  const ending = stops[Symbol.asyncDispose]().then(() => (ended = true));
  await jest.advanceTimersByTimeAsync(999);
  expect(called).toEqual(['worker']);
  expect(ended).toBe(false);
  await jest.advanceTimersByTimeAsync(10);
  await ending;
  expect(called).toEqual(['worker', 'http', 'redis']);
});

it('waits for a stop with a time of its own that long', async () => {
  const stops = new Stops(1_000);
  let ended = false;
  stops.deferWithin(500, never);
  stops.defer(never);
  const ending = stops[Symbol.asyncDispose]().then(() => (ended = true));
  await jest.advanceTimersByTimeAsync(1_499);
  expect(ended).toBe(false);
  await jest.advanceTimersByTimeAsync(10);
  await ending;
});
