import { describe, expect, it } from '@jest/globals';
import { entryId, extentOf, isTrimmedPast } from '../../src/client/stream-extent.ts';

it('entry ids in full', () => {
  const ids = ['0', '00', '5', '5-0', '05-07', '18446744073709551615-18446744073709551615'];
  expect(ids.map(entryId)).toEqual(['0-0', '0-0', '5-0', '5-0', '5-7', '18446744073709551615-18446744073709551615']);
});

it('reads the reply of XINFO STREAM, of Redis 6 too', () => {
  const first = ['7-0', ['event', '{}']];
  const six = ['length', 3, 'last-generated-id', '9-1', 'groups', 0, 'first-entry', first, 'last-entry', first];
  expect(extentOf(six)).toEqual({ oldestId: '7-0', lastId: '9-1', gone: undefined });
  expect(extentOf([...six, 'entries-added', 8])).toEqual({ oldestId: '7-0', lastId: '9-1', gone: 5 });
  const empty = ['length', 0, 'last-generated-id', '9-1', 'first-entry', null, 'entries-added', 8];
  expect(extentOf(empty)).toEqual({ oldestId: undefined, lastId: '9-1', gone: 8 });
});

describe('entries after a position that the stream does not have may be gone', () => {
  const extent = { oldestId: '7-5', lastId: '9-1', gone: 4 };
  it.each([
    ['5-0', extent, true],
    ['7-4', extent, true],
    ['7-6', extent, false],
    ['9-9', extent, false],
    ['6-18446744073709551615', extent, true], // over 2^53
    ['5-0', { ...extent, gone: 0 }, false], // it never had more
    ['5-0', { ...extent, gone: undefined }, true], // Redis 6 does not say
    ['9-0', { ...extent, oldestId: undefined }, true],
    ['9-1', { ...extent, oldestId: undefined }, false], // all is gone, and all was read
    ['5-0', undefined, false], // no stream
  ])('after %s in %j: %s', (position, stream, trimmed) => {
    expect(isTrimmedPast(position, stream)).toBe(trimmed);
  });
});
