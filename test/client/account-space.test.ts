import { describe, expect, it } from '@jest/globals';
import { accountSpace, checkAccountName, completedChannels } from '../../src/client/account-space.ts';
import { AccountError, FaxStatusClient } from '../../src/index.ts';

const WHOLE = { queueName: 'fax-status', queuePrefix: 'bull', keyPrefix: 'fax:' };

describe('the name of an account', () => {
  it.each(['', '-a', 'North', 'a_b', 'a.b', 'a:b', 'a*', 'a\n', 'a'.repeat(64), 7, null])(
    'cannot be %j: a typed error that says what can be',
    (name) => {
      const wrong = (): unknown => new FaxStatusClient({ account: name as string });
      expect(wrong).toThrow(AccountError);
      expect(wrong).toThrow(expect.objectContaining({ code: 'ERR_ACCOUNT', message: expect.stringContaining('a-z') }));
    },
  );

  it.each(['a', '0', 'north-2', 'a'.repeat(63)])('can be %j', (name) => {
    expect(() => checkAccountName(name)).not.toThrow();
  });
});

describe('on a cluster', () => {
  it('an account has its own slots', () => {
    const { queuePrefix, keyPrefix } = accountSpace(WHOLE, 'north', true);
    expect([queuePrefix, keyPrefix]).toEqual(['{bull.north}', '{fax.north}:']);
  });

  it.each([{ queuePrefix: '{bull}' }, { keyPrefix: '{fax}:' }])('%j has braces besides: an error', (braced) => {
    expect(() => accountSpace({ ...WHOLE, ...braced }, 'north', true)).toThrow(AccountError);
    expect(() => accountSpace({ ...WHOLE, ...braced }, undefined, true)).not.toThrow();
    expect(() => accountSpace({ ...WHOLE, ...braced }, 'north', false)).not.toThrow();
  });
});

describe('the channels of all accounts', () => {
  it('are matched by one pattern, and told from others that match it', () => {
    const { pattern, has } = completedChannels(WHOLE, false);
    expect(pattern).toBe('fax:*:completed');
    expect(has('fax:north:completed')).toBe(true);
    for (const other of ['fax:other:north:completed', 'fax:North:completed', 'fax::completed'])
      expect([other, has(other)]).toEqual([other, false]);
  });

  it('on a cluster each have the hash tag of their account', () => {
    const { pattern, has } = completedChannels(WHOLE, true);
    expect([pattern, has('{fax.north}:completed')]).toEqual(['{fax.*}:completed', true]);
  });

  it('have the prefix as it is written, whatever it means in a pattern', () => {
    expect(completedChannels({ ...WHOLE, keyPrefix: 'f[a]*?\\:' }, false).pattern).toBe(
      'f\\[a\\]\\*\\?\\\\:*:completed',
    );
  });
});
