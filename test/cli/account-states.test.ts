import { expect, it } from '@jest/globals';
import { accountState } from '../../src/cli/account-states.ts';

it.each([
  ['asleep', [true, false, '', 0]],
  ['awake', [true, false, '', 1]],
  ['api_down', [true, false, 'api_down', 1]],
  ['rate_limited', [true, false, 'rate_limited', 1]],
  ['key_refused', [true, false, 'unauthorized', 0]],
  ['paused', [true, true, 'unauthorized', 1]],
  ['not_in_file', [false, true, 'unauthorized', 1]],
] as const)('an account is %s: the most important state that holds', (state, [served, paused, brake, inFlight]) => {
  expect(accountState(served, paused, brake, inFlight)).toBe(state);
});
