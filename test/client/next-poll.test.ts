import { expect, it } from '@jest/globals';
import { nextPollAfterHold } from '../../src/client/next-poll.ts';

const [early, late] = ['2030-01-01T00:00:10.000Z', '2030-01-01T00:00:20.000Z'];
const at = (text: string): string => String(Date.parse(text));

it.each([
  ['as planned', early, [null, null, null], early],
  ['null if it is due', early, [null, null, null], null, late],
  ['none planned', null, [null, null, null], null],
  ['not before the hold ends', early, ['unauthorized', at(late), '0'], late],
  ['as planned if that is later than the hold', late, ['rate_limited', at(early), '0'], late],
  ['not before the probe’s time is over', early, ['unauthorized', '0', at(late)], late],
  ['a hold that has no reason any more does not count', early, ['', at(late), at(late)], early],
  ['none planned, but held', null, ['api_down', at(late), '0'], late],
])('the next poll: %s', (_, planned, brake, expected, now = '2030-01-01T00:00:00.000Z') => {
  expect(nextPollAfterHold(planned, brake, Date.parse(now))).toBe(expected);
});
