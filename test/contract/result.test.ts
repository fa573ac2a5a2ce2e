import { expect, it } from '@jest/globals';
import { CloudEvent } from 'cloudevents';
import fc from 'fast-check';
import { completedEvent } from '../../src/contract/event.ts';
import { fromHash, publicId, toHash, type FaxResult } from '../../src/contract/result.ts';

const result: FaxResult = {
  faxJobId: 200,
  state: 'sent',
  reason: 'ok',
  apiStatus: 'success',
  message: 'Sent!',
  userCashBalance: 100.2,
  polls: 3,
  enqueuedAt: '2030-01-01T00:00:00.000Z',
  completedAt: '2030-01-01T00:01:00.000Z',
  metadata: { order: 7 },
};

it('a result is the same after it was stored', () => {
  const id = fc.oneof(
    fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/).map(publicId),
  );
  const metadata = fc
    .dictionary(fc.string(), fc.jsonValue())
    .map((value) => JSON.parse(JSON.stringify(value)) as Record<string, unknown>);
  const balance = fc.oneof(
    fc.constant(null),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0),
  );
  fc.assert(
    fc.property(id, metadata, balance, fc.string(), (faxJobId, extra, userCashBalance, message) => {
      const one: FaxResult = { ...result, faxJobId, metadata: extra, userCashBalance, message };
      expect(fromHash(toHash(one))).toEqual(one);
    }),
  );
});

it('200 and "200" are the same fax; "007" is text', () => {
  expect([publicId('200'), publicId('007'), publicId('9007199254740993'), publicId('-5')]).toEqual([
    200,
    '007',
    '9007199254740993',
    '-5',
  ]);
});

it('its event is a valid CloudEvent whose id depends on the fax alone', () => {
  const event = completedEvent(result);
  expect(event).toEqual({
    specversion: '1.0',
    id: 'fax-200',
    source: '/faxwatch',
    type: 'fax.job.completed',
    subject: '200',
    time: '2030-01-01T00:01:00.000Z',
    datacontenttype: 'application/json',
    data: result,
  });
  expect(new CloudEvent({ ...event }, true).validate()).toBe(true);
});
