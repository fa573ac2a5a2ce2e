import { NOTHING } from '../../src/overview/day-counts.ts';
import type { AccountState } from '../../src/overview/state.ts';

export const NOW = Date.parse('2030-01-01T12:00:30Z');

/** An account with a few faxes in flight, of which nothing needs a person. */
export const GOOD_STATE: AccountState = {
  now: NOW,
  fleet: {
    pacePerSecond: 0.95,
    brake: undefined,
    paused: false,
    jobs: { wait: 0, active: 0, delayed: 3, prioritized: 0 },
    oldestInFlightMs: 1_000,
    overdueMs: 0,
  },
  workers: 1,
  limitPerSecond: 1,
  ownKeyRefused: false,
  storageProblem: undefined,
  wrongTypes: [],
  historyStoppedUntil: undefined,
  wordings: [],
  counts: { hour: [NOTHING], day: [] },
  durations: { survival: [], pollAges: [] },
};
