import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { within } from '../../src/timing/within.ts';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => {
  expect(jest.getTimerCount()).toBe(0);
  jest.useRealTimers();
});

const never = new Promise<never>(() => undefined);

it('gives what the promise comes to', async () => {
  await expect(within(10, Promise.resolve('in time'))).resolves.toBe('in time');
  await expect(within(10, Promise.reject(new Error('failed')))).rejects.toThrow('failed');
});

it('ends in undefined when the promise takes longer', async () => {
  const waiting = within(10, never);
  await jest.advanceTimersByTimeAsync(10);
  await expect(waiting).resolves.toBeUndefined();
});

it('ends in the error given when the promise takes longer', async () => {
  const outcome = within(10, never, () => new Error('late')).catch((error: unknown) => error);
  await jest.advanceTimersByTimeAsync(10);
  expect(await outcome).toEqual(new Error('late'));
});

it('ignores a promise that rejects afterwards', async () => {
  const unhandled: unknown[] = [];
  const onUnhandled = (reason: unknown): void => void unhandled.push(reason);
  process.on('unhandledRejection', onUnhandled);
  let fail: (error: Error) => void = () => undefined;
  const waiting = within(10, new Promise<void>((_, reject) => (fail = reject)));
  await jest.advanceTimersByTimeAsync(10);
  await waiting;
  fail(new Error('too late'));
  jest.useRealTimers();
  await new Promise(setImmediate); // unhandled rejections are reported before it
  process.off('unhandledRejection', onUnhandled);
  jest.useFakeTimers();
  expect(unhandled).toEqual([]);
});
