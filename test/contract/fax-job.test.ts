import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { checkTimestamp, jsonBytes, parseFaxJob, PayloadError } from '../../src/contract/fax-job.ts';
import { keptProgress, parseProgress } from '../../src/contract/progress.ts';

const problem = (data: unknown): string => thrownBy(() => parseFaxJob(data));

const thrownBy = (check: () => unknown): string => {
  try {
    check();
  } catch (error) {
    if (error instanceof PayloadError) return error.message;
    throw error;
  }
  return '';
};

describe('a job’s data', () => {
  it.each([
    [{ faxJobId: 200 }, '200'],
    [{ faxJobId: '200' }, '200'],
    [{ faxJobId: 'a-B_9' }, 'a-B_9'],
    [{ faxJobId: Number.MAX_SAFE_INTEGER }, '9007199254740991'],
    [{ faxJobId: 'x'.repeat(64) }, 'x'.repeat(64)],
    [{ faxJobId: 7, metadata: null }, '7'],
    [{ faxJobId: 7, metadata: [] }, '7'],
  ])('is taken: %j', (data, faxId) => {
    expect(parseFaxJob(data)).toEqual({ faxId, metadata: {}, deadlineMs: undefined });
  });

  it('may carry metadata and a deadline', () => {
    expect(parseFaxJob({ faxJobId: 1, metadata: { a: [1, { b: null }] }, deadlineMs: 5 })).toEqual({
      faxId: '1',
      metadata: { a: [1, { b: null }] },
      deadlineMs: 5,
    });
    expect(problem({ faxJobId: 1, metadata: { a: 'x'.repeat(4088) } })).toBe('');
  });

  it.each([
    [{}, 'data.faxJobId'],
    [{ faxJobId: 0 }, 'data.faxJobId'],
    [{ faxJobId: -1 }, 'data.faxJobId'],
    [{ faxJobId: 1.5 }, 'data.faxJobId'],
    [{ faxJobId: 2 ** 53 }, 'data.faxJobId'],
    [{ faxJobId: '' }, 'data.faxJobId'],
    [{ faxJobId: 'a b' }, 'data.faxJobId'],
    [{ faxJobId: '../../balance' }, 'data.faxJobId'],
    [{ faxJobId: '1\n2' }, 'data.faxJobId'],
    [{ faxJobId: 'x'.repeat(65) }, 'data.faxJobId'],
    [{ faxJobId: null }, 'data.faxJobId'],
    [{ faxJobId: [1] }, 'data.faxJobId'],
    [{ faxJobId: 1, metadata: 'x' }, 'data.metadata'],
    [{ faxJobId: 1, metadata: [null] }, 'data.metadata'],
    [{ faxJobId: 1, metadata: false }, 'data.metadata'],
    [{ faxJobId: 1, metadata: { a: 'x'.repeat(4089) } }, 'data.metadata'],
    [{ faxJobId: 1, metadata: { a: 'é'.repeat(2045) } }, 'data.metadata'],
    [{ faxJobId: 1, deadlineMs: 0 }, 'data.deadlineMs'],
    [{ faxJobId: 1, deadlineMs: '5' }, 'data.deadlineMs'],
    [{ faxJobId: 1, deadlineMs: 1.5 }, 'data.deadlineMs'],
    [{ faxJobId: 1, deadlineMS: 5 }, 'data.deadlineMS'],
    [null, 'data'],
    ['200', 'data'],
    [[200], 'data'],
  ])('is refused with the field’s name: %j', (data, field) => {
    expect(problem(data)).toMatch(new RegExp(`^${field}: \\S`));
  });

  it('names all wrong fields and shows no value', () => {
    const text = problem({ faxJobId: 'hush hush', metadata: 'secret', deadlineMs: -7, 'evil\n<b>': 1 });
    expect(text).toMatch(/data\.faxJobId: .*; data\.metadata: .*; data\.deadlineMs: .*; data\.evil\?\?b\?: /);
    expect(text).not.toMatch(/hush|secret|-7/);
  });

  it('may be nested deeper than JSON can be written, or name a prototype: refused', () => {
    const deep = JSON.parse(`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`) as unknown;
    expect(problem({ faxJobId: 1, metadata: deep })).toMatch(/^data\.metadata: must be at most/);
    expect(jsonBytes(deep)).toBe(Infinity);
    expect(problem(JSON.parse('{"__proto__":{"faxJobId":1}}'))).toMatch(/^data\.faxJobId: /);
    expect(problem(JSON.parse('{"faxJobId":1,"__proto__":{"deadlineMs":5}}'))).toMatch(
      /^data\.__proto__: is not a field/,
    );
  });

  it('never crashes, and yields only ids that are safe in a URL and a key, and reasons that are short', () => {
    const good = fc.record(
      {
        faxJobId: fc.oneof(fc.nat(), fc.stringMatching(/^[A-Za-z0-9_-]{1,70}$/)),
        metadata: fc.dictionary(fc.string(), fc.jsonValue()),
        deadlineMs: fc.integer(),
      },
      { requiredKeys: ['faxJobId'] },
    );
    const mutated = fc
      .tuple(good, fc.constantFrom('faxJobId', 'metadata', 'deadlineMs', '__proto__', 'other'), fc.anything())
      .map(([data, key, value]) => Object.defineProperty(data, key, { value, enumerable: true }));
    let taken = 0;
    fc.assert(
      fc.property(
        fc.oneof(
          fc.anything(),
          good,
          mutated,
          fc.record({ faxJobId: fc.oneof(fc.string({ unit: 'binary' }), fc.double(), fc.anything()) }),
        ),
        (data) => {
          const reason = problem(data);
          expect(reason.length).toBeLessThan(1_000);
          expect(reason).not.toMatch(/\p{Cc}/u);
          if (reason !== '') return;
          taken += 1;
          expect(parseFaxJob(data).faxId).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
        },
      ),
      { numRuns: Number(process.env['FUZZ_RUNS'] ?? 5_000) },
    );
    expect(taken).toBeGreaterThan(100);
  }, 600_000);
});

it('a job’s time of enqueueing is ms since 1970, of the last year or later, however far a clock is ahead', () => {
  const now = Date.parse('2030-01-01T00:00:00Z');
  for (const at of [now - 30 * 86_400_000, now - 1, now, now + 3_600_000, now + 48 * 3_600_000, now * 1000])
    expect(thrownBy(() => checkTimestamp(at, now))).toBe('');
  for (const at of [0, 1, -1, NaN, Infinity, 2 ** 53, now / 1000])
    expect(thrownBy(() => checkTimestamp(at, now))).toMatch(/^opts\.timestamp: /);
});

it('a job’s progress is read back, or counts as none when it is something else', () => {
  const none = {
    polls: 0,
    faults: 0,
    apiStatus: '',
    lastMessage: '',
    lastPollAt: null,
    lastPendingAt: null,
    nextPollAt: null,
    claimedAt: null,
    refusedAt: null,
    refusedAlone: false,
    leftOver: false,
  };
  const progress = {
    ...none,
    polls: 3,
    faults: 1,
    apiStatus: 's',
    lastMessage: 'm',
    lastPollAt: '2030-01-01T00:00:00.000Z',
  };
  expect(parseProgress(progress)).toEqual(progress);
  const pending = { ...progress, faults: 0, lastPendingAt: progress.lastPollAt };
  const refused = {
    ...pending,
    nextPollAt: '2030-01-01T00:01:00.000Z',
    claimedAt: '2029-12-31T00:00:00.000Z',
    refusedAt: progress.lastPollAt,
    refusedAlone: true,
    leftOver: true,
  };
  for (const each of [none, progress, pending, refused])
    expect(parseProgress(JSON.parse(JSON.stringify(keptProgress(each))))).toEqual(each);
  expect(Object.keys(keptProgress(pending))).toEqual(['polls', 'apiStatus', 'lastMessage', 'lastPollAt']);
  for (const other of [0, 50, null, undefined, 'x', [], {}, { polls: 'many', lastPollAt: 'yesterday' }])
    expect(parseProgress(other)).toEqual(none);
});
