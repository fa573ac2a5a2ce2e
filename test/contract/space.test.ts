import { expect, it } from '@jest/globals';
import { ACCOUNT_NAME, spaceOf } from '../../src/contract/space.ts';

const WHOLE = { queueName: 'fax-status', queuePrefix: 'bull', keyPrefix: 'fax:' };

it('a service without accounts has the whole space', () => {
  expect(spaceOf(WHOLE, undefined, true)).toEqual(WHOLE);
});

it('an account has a queue and keys of its own', () => {
  expect(spaceOf(WHOLE, 'north', false)).toEqual({
    queueName: 'fax-status.north',
    queuePrefix: 'bull',
    keyPrefix: 'fax:north:',
  });
});

it('on a cluster an account has one slot for its queue and one for its keys, by its name', () => {
  expect(spaceOf(WHOLE, 'north', true)).toEqual({
    queueName: 'fax-status.north',
    queuePrefix: '{bull.north}',
    keyPrefix: '{fax.north}:',
  });
});

it('an account is called by lower-case letters, digits and dashes', () => {
  for (const name of ['a', '0', 'north-2', 'a'.repeat(63)]) expect(name).toMatch(ACCOUNT_NAME);
  for (const name of ['', '-a', 'North', 'a_b', 'a.b', 'a:b', 'a'.repeat(64)]) expect(name).not.toMatch(ACCOUNT_NAME);
});
