import { describe, expect, it } from '@jest/globals';
import { NOTHING } from '../../src/overview/day-counts.ts';
import { judge } from '../../src/overview/judge.ts';
import type { AccountState } from '../../src/overview/state.ts';
import { GOOD_STATE, NOW } from './good-state.ts';

const GOOD: AccountState = {
  ...GOOD_STATE,
  fleet: {
    ...GOOD_STATE.fleet,
    jobs: { wait: 1, active: 1, delayed: 35, prioritized: 0 },
    oldestInFlightMs: 725_000,
  },
  workers: 2,
  counts: {
    hour: [
      ...Array.from({ length: 58 }, () => NOTHING),
      { ...NOTHING, sent: 2, lagMs: 28_500, requests: 57 },
      { ...NOTHING, requests: 28 },
    ],
    day: [],
  },
};
const whats = (state: Partial<AccountState>): string[] =>
  judge({ ...GOOD, ...state }, undefined, true).problems.map(({ what }) => what);

describe('the judgement', () => {
  it('of a service that runs is one sentence', () => {
    expect(judge(GOOD, undefined, true)).toEqual({
      severity: 'good',
      sentence:
        'Polling at 0.94 requests a second, 94 % of the limit; 37 faxes in flight, the oldest 12 min; ' +
        'finished faxes are found at most 14 s late on average.',
      problems: [],
    });
  });

  it('of one that has nothing to do says so', () => {
    const jobs = { wait: 0, active: 0, delayed: 0, prioritized: 0 };
    const counts = { hour: [NOTHING], day: [] };
    const { severity, sentence } = judge(
      { ...GOOD, counts, fleet: { ...GOOD.fleet, jobs, oldestInFlightMs: 0 } },
      undefined,
      true,
    );
    expect([severity, sentence]).toEqual(['good', 'Nothing to poll; no fax is in flight.']);
  });

  it('of one whose polling is stopped does not say that it polls', () => {
    const brake = { reason: 'unauthorized', refusals: 1, since: NOW, heldUntil: NOW + 5_000, cause: '' } as const;
    for (const fleet of [
      { ...GOOD.fleet, brake },
      { ...GOOD.fleet, paused: true },
    ])
      expect(judge({ ...GOOD, fleet }, undefined, true).sentence).toMatch(/^Not polling now; 37 faxes in flight/);
  });

  it('without Redis is critical', () => {
    expect(judge(undefined, undefined, false)).toMatchObject({
      severity: 'critical',
      problems: [{ what: 'Redis is away.' }],
    });
  });

  it('of keys that cannot be read, while Redis answers, does not blame Redis', () => {
    const { severity, problems } = judge(undefined, 'clinic', true);
    expect([severity, problems[0]?.short]).toEqual(['critical', 'cannot be read']);
  });

  it('names each problem', () => {
    expect(whats({ workers: 0 })).toEqual(['No worker runs.']);
    expect(whats({ fleet: { ...GOOD.fleet, paused: true } })).toEqual(['The queue is paused.']);
    expect(whats({ storageProblem: 'redis is full' })).toEqual(['Results cannot be stored.']);
    expect(whats({ historyStoppedUntil: NOW + 1 })).toEqual(['The list of faxes is of no use.']);
    expect(whats({ wrongTypes: ['fax:hinted'] })[0]).toContain('written to fax:hinted');
    expect(whats({ ownKeyRefused: true })[0]).toContain('refuses the key of this worker');
  });

  it('tells that due faxes are left alone, but not where slots are rare, or all faxes are new', () => {
    const counts = { hour: [NOTHING, NOTHING], day: [] };
    const neglected = ['Faxes are due, and nothing was polled for over a minute.'];
    expect(whats({ counts })).toEqual(neglected);
    expect(whats({ counts, fleet: { ...GOOD.fleet, pacePerSecond: 0.05 } })).toEqual([]);
    expect(whats({ counts, fleet: { ...GOOD.fleet, oldestInFlightMs: 60_000 } })).toEqual([]);
    const jobs = { wait: 0, active: 0, delayed: 37, prioritized: 0 };
    expect(whats({ counts, fleet: { ...GOOD.fleet, jobs } })).toEqual([]);
    expect(whats({ counts, fleet: { ...GOOD.fleet, jobs, overdueMs: 121_000 } })).toEqual(neglected);
  });

  it('tells which brake is on, until when and why', () => {
    const brake = { reason: 'api_down', refusals: 1, since: NOW, heldUntil: NOW + 30_000, cause: 'timeout' } as const;
    const [problem] = judge({ ...GOOD, fleet: { ...GOOD.fleet, brake } }, undefined, true).problems;
    expect(problem?.what).toContain('Cause: timeout.');
    expect(problem?.remedy).toMatch(/^Next try at 12:01:00 UTC\./);
  });

  it('puts the worst first', () => {
    const { severity, problems } = judge(
      { ...GOOD, workers: 0, wordings: [{ apiStatus: 'x', message: 'y' }] },
      undefined,
      true,
    );
    expect([severity, problems.map((problem) => problem.severity)]).toEqual(['critical', ['critical', 'warning']]);
  });
});
