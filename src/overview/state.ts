import type { BrakeState } from '../limit/brake.ts';
import type { FaxResult } from '../contract/result.ts';
import type { DayCounts } from './day-counts.ts';
import type { SurvivalPoint } from './poll-ages.ts';

/** What is known of all workers of an account together, at one moment. */
export type FleetState = {
  /** Pace in force, requests per second; undefined before the first worker has run. */
  readonly pacePerSecond: number | undefined;
  readonly brake: BrakeState | undefined;
  readonly paused: boolean;
  /** Jobs by BullMQ state. */
  readonly jobs: Readonly<Record<'wait' | 'active' | 'delayed' | 'prioritized', number>>;
  /** Since the oldest fax in flight was enqueued, ms; 0 if there is none. */
  readonly oldestInFlightMs: number;
  /** Since the job that is overdue longest fell due, ms; 0 if none is. */
  readonly overdueMs: number;
};

/** A wording that no rule knows. */
export type UnknownWording = { readonly apiStatus: string; readonly message: string };

/** How long faxes take, and at which ages one that is enqueued now is polled at today's load. */
export type Durations = { readonly survival: readonly SurvivalPoint[]; readonly pollAges: readonly number[] };

/** An account as Redis shows it. Times are ms since 1970, by Redis's clock. */
export type AccountState = {
  readonly now: number;
  readonly fleet: FleetState;
  /** Workers that have shown in the last 10 s that they are alive. */
  readonly workers: number;
  /** The limit of the settings, requests per second. */
  readonly limitPerSecond: number;
  readonly ownKeyRefused: boolean;
  /** Why results cannot be stored; undefined if they can. */
  readonly storageProblem: string | undefined;
  /** Keys that something else has written to, as their types tell. */
  readonly wrongTypes: readonly string[];
  /** Until when the list of faxes is not asked for, as it was of no use; undefined if it may be. */
  readonly historyStoppedUntil: number | undefined;
  readonly wordings: readonly UnknownWording[];
  readonly counts: DayCounts;
  readonly durations: Durations;
};

/** An account of several, or nothing but its name while Redis gives no answer. */
export type AccountView = { readonly name: string; readonly state: AccountState | undefined };

/** All accounts of a service that has some. */
export type AccountsView = {
  /** Those with something in flight. */
  readonly awake: readonly AccountView[];
  /** The names of the others. */
  readonly asleep: readonly string[];
  readonly redisUp: boolean;
};

/** One line of a fax's history: a poll and what came of it. */
export type PollLine = { readonly at: string; readonly poll: number; readonly said: string };

/** One fax: its result, or how far it is. */
export type FaxView = {
  readonly faxId: string;
  readonly queue: string;
  /** The job that polls or polled it; undefined if BullMQ has it no more. */
  readonly jobId: string | undefined;
  readonly polls: readonly PollLine[];
} & (
  | { readonly kind: 'finished'; readonly result: FaxResult }
  | {
      readonly kind: 'in-flight';
      readonly enqueuedAt: string;
      readonly deadlineAt: string;
      readonly metadata: Readonly<Record<string, unknown>>;
      readonly pollCount: number;
      readonly lastMessage: string;
      readonly next: string;
      readonly hint: string | undefined;
    }
);
