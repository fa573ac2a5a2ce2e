import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Fault } from '../../src/fax-api/answer.ts';
import { OutageDetector } from '../../src/limit/outage.ts';

let detector: OutageDetector;
beforeEach(() => {
  detector = new OutageDetector();
});
const feed = (answers: (Fault | undefined)[]): boolean[] => answers.map((fault) => detector.answered(fault));
const times = (count: number, fault?: Fault): (Fault | undefined)[] => Array.from({ length: count }, () => fault);

describe('an outage', () => {
  it('is when most of the last answers are faults, and some have come', () => {
    expect(feed(times(5, 'timeout'))).toEqual([false, false, false, false, true]);
    expect(feed(times(6))).not.toContain(true);
    expect(detector.answered('timeout')).toBe(false);
    detector.reset();
    expect(feed(times(3, 'timeout'))).toEqual([false, false, false]);
  });

  it('is judged by the last 20 answers: more than half of them', () => {
    feed(times(30));
    expect(feed(times(11, 'http_500'))).toEqual([...Array.from({ length: 10 }, () => false), true]);
  });

  it('is over with the first good answer, though most before it failed', () => {
    feed(times(20, 'dns'));
    expect(detector.answered(undefined)).toBe(false);
    expect(detector.answered('dns')).toBe(true);
  });
});

describe('the cause of an outage', () => {
  it('is none without a fault', () => {
    expect(detector.cause()).toBeUndefined();
    feed(times(3));
    expect(detector.cause()).toBeUndefined();
  });

  it('is the most frequent fault, whatever came last, and however many good answers there were', () => {
    feed(['timeout', 'timeout', 'connection', undefined, undefined, undefined, 'timeout', 'dns']);
    expect(detector.cause()).toBe('time-out');
  });

  it('is the fault that came last, of those that are equally frequent', () => {
    feed(['timeout', 'dns', 'timeout', 'dns']);
    expect(detector.cause()).toBe('DNS: host name not found');
    feed(['timeout', 'dns', 'timeout']);
    expect(detector.cause()).toBe('time-out');
  });

  it('forgets what is older than 20 answers, and all at a reset', () => {
    feed([...times(15, 'timeout'), ...times(12, 'http_503')]);
    expect(detector.cause()).toBe('HTTP 503');
    detector.reset();
    expect(detector.cause()).toBeUndefined();
  });

  it.each<[Fault, string]>([
    ['redirect', 'redirect'],
    ['timeout', 'time-out'],
    ['connection', 'connection refused or reset'],
    ['tls', 'certificate or TLS'],
    ['dns', 'DNS: host name not found'],
    ['not_json', 'answer that is not JSON'],
    ['wrong_shape', 'JSON without the fields of a status'],
    ['too_large', 'answer over 64 KiB'],
    ['http_500', 'HTTP 500'],
    ['http_418', 'HTTP 418'],
  ])('%s is said in plain words', (fault, words) => {
    feed([fault]);
    expect(detector.cause()).toBe(words);
  });
});
