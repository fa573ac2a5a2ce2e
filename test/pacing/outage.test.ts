import { expect, it } from '@jest/globals';
import { OutageDetector } from '../../src/pacing/outage.ts';

it('an outage is when most of the last answers are faults, and some have come', () => {
  const detector = new OutageDetector();
  const feed = (faults: boolean[]): boolean[] => faults.map((fault) => detector.answered(fault));
  expect(feed([true, true, true, true, true])).toEqual([false, false, false, false, true]);
  expect(feed([false, false, false, false, false, false])).not.toContain(true);
  expect(detector.answered(true)).toBe(false);
  detector.reset();
  expect(feed([true, true, true, true])).toEqual([false, false, false, false]);
});

it('only the last 20 answers count, and half of them are not most', () => {
  const detector = new OutageDetector();
  const feed = (faults: boolean[]): boolean[] => faults.map((fault) => detector.answered(fault));
  feed(Array.from({ length: 100 }, () => false));
  expect(feed(Array.from({ length: 10 }, () => true))).not.toContain(true);
  expect(feed([true])).toEqual([true]);
});
