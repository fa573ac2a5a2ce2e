import { expect, it } from '@jest/globals';
import { accountState, type AccountSigns, type AccountState } from '../../src/cli/account-states.ts';

const SIGNS: AccountSigns = { served: true, paused: false, brake: '', inFlight: 1, polled: true };

it.each<[AccountState, Partial<AccountSigns>]>([
  ['asleep', { inFlight: 0, polled: false }],
  ['awake', {}],
  ['no_worker', { polled: false, brake: 'api_down' }],
  ['api_down', { brake: 'api_down' }],
  ['rate_limited', { brake: 'rate_limited' }],
  ['key_refused', { brake: 'unauthorized', inFlight: 0 }],
  ['paused', { paused: true, brake: 'unauthorized' }],
  ['not_in_file', { served: false, paused: true }],
])('an account is %s: the most important state that holds', (state, signs) => {
  expect(accountState({ ...SIGNS, ...signs })).toBe(state);
});
