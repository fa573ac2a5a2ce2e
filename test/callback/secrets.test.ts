import { expect, it } from '@jest/globals';
import { bySecret } from '../../src/callback/secrets.ts';

const valueOf = bySecret([
  { secret: 'secret-of-the-first', value: 1 },
  { secret: 'secret-of-the-second', value: 2 },
  { secret: 'secret-of-the-third', value: 3 },
]);

it('finds what belongs to each secret', () => {
  expect(['secret-of-the-first', 'secret-of-the-second', 'secret-of-the-third'].map(valueOf)).toEqual([1, 2, 3]);
});

it.each(['', 'secret-of-the', 'secret-of-the-firs', 'secret-of-the-first ', 'Secret-of-the-first', 'x'.repeat(16_384)])(
  'finds nothing for %j',
  (sent) => {
    expect(valueOf(sent)).toBeUndefined();
  },
);

it('finds nothing where there are no secrets', () => {
  expect(bySecret([])('')).toBeUndefined();
});
