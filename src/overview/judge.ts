import type { BrakeState } from '../limit/brake.ts';
import type { BrakeReason } from '../limit/hold-time.ts';
import { meanLag, requestsPerSecond, sum } from './day-counts.ts';
import type { AccountState, FleetState } from './state.ts';
import { clockTime, count, duration, figure, percent } from './words.ts';

export type Severity = 'good' | 'warning' | 'critical';

/** Something that a person should know of, and what to do about it. */
export type Problem = {
  readonly severity: Exclude<Severity, 'good'>;
  /** In two or three words. */
  readonly short: string;
  readonly what: string;
  readonly remedy: string;
};

/** Whether all is well, in one sentence, and if not, what to do. The worst problem comes first. */
export type Judgement = {
  readonly severity: Severity;
  readonly sentence: string;
  readonly problems: readonly Problem[];
};

export const RANK: Readonly<Record<Severity, number>> = { critical: 0, warning: 1, good: 2 };

/**
 * Judges an account. Pure.
 *
 * @param state undefined if it could not be read
 * @param account its name in `ACCOUNTS_FILE`; undefined in a service without accounts
 * @param redisUp whether Redis answers otherwise
 */
export function judge(state: AccountState | undefined, account: string | undefined, redisUp: boolean): Judgement {
  if (!state && redisUp) return judged('Nothing of this account can be shown.', [UNREADABLE]);
  if (!state) return judged(NO_ANSWER, [REDIS_AWAY]);
  return judged(activity(state), problemsOf(state, account));
}

function judged(sentence: string, problems: readonly Problem[]): Judgement {
  const sorted = [...problems].sort((a, b) => RANK[a.severity] - RANK[b.severity]);
  return { severity: sorted[0]?.severity ?? 'good', sentence, problems: sorted };
}

export const NO_ANSWER = 'Redis gives no answer: nothing is polled, and nothing can be shown.';

export const REDIS_AWAY: Problem = {
  severity: 'critical',
  short: 'Redis is away',
  what: 'Redis is away.',
  remedy: 'Bring it back; check REDIS_URL. Nothing is lost, and polling resumes by itself.',
};

const UNREADABLE: Problem = {
  severity: 'critical',
  short: 'cannot be read',
  what: 'Redis answers, but these keys cannot be read.',
  remedy:
    'Has something else written to keys under QUEUE_PREFIX or KEY_PREFIX, or does the Redis user lack a permission? ' +
    'Look at the log of the workers.',
};

export const inFlight = ({ jobs }: FleetState): number => jobs.wait + jobs.active + jobs.delayed + jobs.prioritized;

function activity(state: AccountState): string {
  const { fleet, workers, now, counts, limitPerSecond } = state;
  const faxes = inFlight(fleet);
  const perSecond = requestsPerSecond(counts, now);
  const stopped = fleet.paused || workers === 0 || fleet.brake !== undefined;
  const share = percent(perSecond / limitPerSecond);
  const atPace = `Polling at ${figure(perSecond)} requests a second, ${share} of the limit`;
  const waiting = faxes === 0 ? 'Nothing to poll' : 'Waiting for the next poll';
  const polling = stopped && faxes > 0 ? 'Not polling now' : perSecond > 0 ? atPace : waiting;
  const flying =
    faxes === 0
      ? 'no fax is in flight'
      : `${count(faxes, 'fax', 'faxes')} in flight, the oldest ${duration(fleet.oldestInFlightMs)}`;
  const lag = meanLag(sum(counts.hour));
  const found = lag === undefined ? '' : `; finished faxes are found at most ${duration(lag)} late on average`;
  return `${polling}; ${flying}${found}.`;
}

function problemsOf(state: AccountState, account: string | undefined): Problem[] {
  const { fleet, workers, now, ownKeyRefused, storageProblem, historyStoppedUntil, wordings } = state;
  const problems: Problem[] = [];
  if (fleet.brake) problems.push(ofBrake(fleet.brake, account, now));
  if (ownKeyRefused) {
    problems.push({
      severity: 'critical',
      short: 'key of a worker refused',
      what: 'The API refuses the key of this worker, and takes that of others.',
      remedy:
        account === undefined
          ? 'Give this worker the FAX_API_KEY of the others, and restart it.'
          : 'Give this worker the ACCOUNTS_FILE of the others.',
    });
  }
  if (storageProblem !== undefined) {
    const remedy = sentence(storageProblem);
    const short = 'results cannot be stored';
    problems.push({ severity: 'critical', short, what: 'Results cannot be stored.', remedy });
  }
  // An account with nothing in flight has no worker, as it needs none.
  if (workers === 0 && (account === undefined || inFlight(fleet) > 0)) {
    problems.push({
      severity: 'critical',
      short: 'no worker runs',
      what: 'No worker runs.',
      remedy: 'Start one: "npm start", or "faxwatch worker". If one should run, look at its log.',
    });
  }
  if (fleet.paused) {
    problems.push({
      severity: 'critical',
      short: 'paused',
      what: 'The queue is paused.',
      remedy: 'Resume it in Bull Board, or with resume() of a BullMQ client.',
    });
  }
  if (state.wrongTypes.length > 0) problems.push(ofWrongTypes(state.wrongTypes));
  else if (problems.length === 0 && isNeglected(state)) problems.push(NEGLECTED);
  if (wordings.length > 0) {
    problems.push({
      severity: 'warning',
      short: 'unknown wordings',
      what:
        `The API uses ${count(wordings.length, 'wording', 'wordings')} that no rule knows; ` +
        'such faxes stay pending.',
      remedy:
        'Put the rules below into a CLASSIFICATION_FILE, with the right outcome where a wording is final, and ' +
        'restart the workers: that ends this warning.',
    });
  }
  if (historyStoppedUntil !== undefined) {
    problems.push({
      severity: 'warning',
      short: 'list of no use',
      what: 'The list of faxes is of no use.',
      remedy: `It is tried again at ${clockTime(historyStoppedUntil)}. Meanwhile faxes are polled as without it.`,
    });
  }
  return problems;
}

const NEGLECTED_MS = 120_000; // requests of the last minute and more are known
const NEGLECTED_SLOTS = 10;

/** Whether jobs are due and nothing is asked for, although workers run and may. */
function isNeglected({ fleet, counts, now }: AccountState): boolean {
  const { jobs, overdueMs, oldestInFlightMs, pacePerSecond } = fleet;
  const isDue = jobs.wait + jobs.prioritized > 0 || overdueMs > NEGLECTED_MS;
  const slotsMs = (NEGLECTED_SLOTS * 1_000) / (pacePerSecond ?? Infinity);
  return isDue && oldestInFlightMs > NEGLECTED_MS && slotsMs < NEGLECTED_MS && requestsPerSecond(counts, now) === 0;
}

const NEGLECTED: Problem = {
  severity: 'critical',
  short: 'nothing polled',
  what: 'Faxes are due, and nothing was polled for over a minute.',
  remedy:
    'Look at the log of the workers. If a BullMQ client holds the queue (rateLimit()), polling resumes when that ' +
    'ends, or at once with its removeRateLimitKey().',
};

const ofWrongTypes = (keys: readonly string[]): Problem => ({
  severity: 'critical',
  short: 'keys overwritten',
  what: `Something else has written to ${keys.join(', ')}: polling may stand still.`,
  remedy: 'Find out what it was, then delete these keys: the service makes them again. What they held is lost.',
});

const BRAKES: Readonly<Record<BrakeReason, Problem>> = {
  unauthorized: {
    severity: 'critical',
    short: 'key refused',
    what: 'The API refuses the key (401): polling is stopped.',
    remedy:
      'Check the key in the Fax.to dashboard. Put the right one into FAX_API_KEY and restart, or into ' +
      'FAX_API_KEY_FILE, which needs no restart. Nothing is lost.',
  },
  rate_limited: {
    severity: 'critical',
    short: 'requests refused',
    what: 'The API refuses requests, as there are too many (403 or 429): polling pauses, then goes on slower.',
    remedy: 'Lower RATE_LIMIT_MAX. If something else uses the key, raise RATE_LIMIT_HEADROOM.',
  },
  api_down: {
    severity: 'critical',
    short: 'requests fail',
    what: 'Most requests to the API fail: polling has slowed down.',
    remedy: 'Usually it passes by itself. Check FAX_API_BASE_URL and the network.',
  },
};

const NEW_KEY_IN_FILE =
  'Check this key in the Fax.to dashboard, and put the right one into ACCOUNTS_FILE: no restart. Nothing is lost.';

function ofBrake({ reason, heldUntil, cause }: BrakeState, account: string | undefined, now: number): Problem {
  const { severity, short, what, ...brake } = BRAKES[reason];
  const remedy = reason === 'unauthorized' && account !== undefined ? NEW_KEY_IN_FILE : brake.remedy;
  const next = heldUntil > now ? `Next try at ${clockTime(heldUntil)}.` : 'The next request is a try.';
  return { severity, short, what: cause === '' ? what : `${what} Cause: ${cause}.`, remedy: `${next} ${remedy}` };
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
