import { expect, it } from '@jest/globals';
import { NOT_POLLED } from '../../src/contract/progress.ts';
import { nextPoll, type BeforeNextPoll } from '../../src/overview/next-poll.ts';

const NOW = Date.parse('2030-01-01T12:00:00Z');
const soon = new Date(NOW + 42_000).toISOString();
const why = (more: Partial<BeforeNextPoll>): string =>
  nextPoll({
    progress: { ...NOT_POLLED, polls: 1, nextPollAt: soon },
    brake: undefined,
    paused: false,
    hinted: false,
    candidate: false,
    chosen: false,
    expectedAt: undefined,
    now: NOW,
    ...more,
  });
const progress = { ...NOT_POLLED, polls: 3, nextPollAt: soon };
const brake = { reason: 'api_down', refusals: 1, since: NOW, heldUntil: NOW + 10_000, cause: '' } as const;

it.each<[string, Partial<BeforeNextPoll>, string]>([
  ['paused', { paused: true }, 'Not until the queue is resumed: it is paused.'],
  ['braked', { brake }, 'Not before 12:00:10 UTC: the brake is on for all faxes (api_down).'],
  [
    'faults',
    { progress: { ...progress, faults: 2 } },
    'In 42 s, at 12:00:42 UTC: it backs off after 2 server faults in a row.',
  ],
  [
    'refused alone',
    { progress: { ...progress, refusedAt: soon, refusedAlone: true } },
    'In 42 s, at 12:00:42 UTC: the API refuses this fax alone, so it backs off alone.',
  ],
  [
    'refused with others',
    { progress: { ...progress, refusedAt: soon } },
    'In 42 s, at 12:00:42 UTC: it was refused together with others, and lets another fax try first.',
  ],
  ['hinted', { hinted: true }, 'Next of all: Fax.to has hinted that it may be final.'],
  ['chosen', { chosen: true }, 'Now: it was chosen, and waits for its slot of the rate limit.'],
  [
    'a candidate',
    { candidate: true, expectedAt: NOW + 30_000 },
    'In about 30 s at today’s load: it competes for the next slots, and gets one when its poll is worth most.',
  ],
  [
    'slots left over',
    { progress: { ...progress, leftOver: true } },
    'In 42 s, at 12:00:42 UTC: slots are left over, so it waits only for the least interval.',
  ],
])('the next poll, %s: when and why', (_what, more, words) => {
  expect(why(more)).toBe(words);
});
