import { expect, it } from '@jest/globals';
import { findFax } from '../../src/overview/find-fax.ts';
import type { FaxView } from '../../src/overview/state.ts';

const FAX = { faxId: '200', kind: 'finished' } as FaxView;
const WITH = { fax: () => Promise.resolve(FAX) };
const WITHOUT = { fax: () => Promise.resolve(undefined) };
const BROKEN = { fax: () => Promise.reject(new Error('WRONGTYPE')) };
const [a, b, c] = ['a', 'b', 'c'];

it('finds the fax of the one account that has it, whatever is wrong with another', async () => {
  const accounts = [
    { account: a, reader: BROKEN },
    { account: b, reader: WITH },
    { account: c, reader: WITHOUT },
  ];
  expect(await findFax(accounts, '200')).toEqual({ status: 200, fax: FAX, account: 'b' });
});

it('says which accounts have a fax of this id, where several do', async () => {
  const accounts = [
    { account: a, reader: WITH },
    { account: b, reader: WITHOUT },
    { account: c, reader: WITH },
  ];
  expect(await findFax(accounts, '200')).toEqual({ status: 300, faxId: '200', accounts: ['a', 'c'] });
});

it('says that a fax is not known only if all accounts could be read', async () => {
  expect((await findFax([{ account: undefined, reader: WITHOUT }], '200')).status).toBe(404);
  expect(
    (
      await findFax(
        [
          { account: a, reader: WITHOUT },
          { account: b, reader: BROKEN },
        ],
        '200',
      )
    ).status,
  ).toBe(503);
  expect((await findFax([], 'no id!')).status).toBe(400);
});
