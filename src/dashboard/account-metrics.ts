import { HINT_OUTCOMES, HINT_SOURCES, type HintObserver } from '../hints/hint.ts';
import { SWEEP_OUTCOMES, type SweepObserver } from '../hints/sweeper.ts';
import type { PollObserver } from '../polling/observer.ts';
import { FAX_OUTCOMES, NAMED_FAULTS, POLL_OUTCOMES, REFUSALS } from './counter-labels.ts';
import { IN_FLIGHT_STATES, type Fleet } from './fleet.ts';
import type { AccountLabel, MetricFamilies } from './metric-families.ts';
import { SlotUse } from './slot-use.ts';

// one label value each: an API that puts a date into each message must not fill Prometheus
const MAX_WORDING_LABELS = 100;
const REASONS = ['unauthorized', 'rate_limited', 'api_down'] as const;

/** What a process knows of one account at a scrape. */
export type AccountState = {
  /** What the last chosen poll was worth, ms. */
  readonly worthMs: number;
  /** Whether the API refuses this worker's key while it accepts those of others. */
  readonly ownKeyRefused: boolean;
};

/** The series of one account: counts of this process, and the state of the fleet at the last scrape. */
export class AccountMetrics implements PollObserver, HintObserver, SweepObserver {
  readonly #families: MetricFamilies;
  readonly #own: AccountLabel;
  readonly #slots = new SlotUse();
  readonly #wordings = new Set<string>();

  /** @param lowBalance below which the balance is low; null for no such limit */
  constructor(families: MetricFamilies, own: AccountLabel, lowBalance: number | null) {
    this.#families = families;
    this.#own = own;
    this.lowBalance(lowBalance);
    this.#startAtZero();
    families.balance.remove(own); // unknown until the API tells: a 0 would be a low one
  }

  /** @param threshold below which the balance is low; null for no such limit */
  lowBalance(threshold: number | null): void {
    if (threshold !== null) this.#families.lowBalance.set(this.#own, threshold);
    else this.#families.lowBalance.remove(this.#own);
  }

  readonly asking: PollObserver['asking'] = (byNet) => {
    this.#slots.used(performance.now());
    if (byNet) this.#families.netPolls.inc(this.#own);
  };

  readonly polled: PollObserver['polled'] = (answer, verdict) => {
    this.#families.polls.inc({ ...this.#own, outcome: verdict.kind });
    this.#families.request.observe(this.#own, answer.latencyMs / 1000);
    if (answer.kind === 'fault') this.#families.faults.inc({ ...this.#own, fault: answer.fault });
    if (answer.kind === 'unauthorized' || answer.kind === 'rate_limited')
      this.#families.refusals.inc({ ...this.#own, reason: answer.kind });
    if (answer.kind === 'status' && answer.userCashBalance !== null)
      this.#families.balance.set(this.#own, answer.userCashBalance);
    if (verdict.kind === 'unrecognised')
      this.#families.unrecognised.inc({ ...this.#own, wording: this.#label(verdict.wording) });
  };

  readonly finished: PollObserver['finished'] = (result, lagCeilingMs) => {
    this.#families.finished.inc({ ...this.#own, state: result.state, reason: result.reason });
    this.#families.lag.observe(this.#own, lagCeilingMs / 1000);
    this.#families.duration.observe(
      this.#own,
      Math.max(0, Date.parse(result.completedAt) - Date.parse(result.enqueuedAt)) / 1000,
    );
  };

  readonly rejected: PollObserver['rejected'] = () => {
    this.#families.rejected.inc(this.#own);
  };

  readonly hinted: HintObserver['hinted'] = (source, outcome) => {
    this.#families.hints.inc({ ...this.#own, source, outcome });
  };

  readonly swept: SweepObserver['swept'] = (outcome) => {
    this.#families.sweeps.inc({ ...this.#own, outcome });
  };

  /** @param fleet undefined while Redis is away: its gauges then keep what they had */
  show(fleet: Fleet | undefined, { worthMs, ownKeyRefused }: AccountState): void {
    this.#families.ownKeyRefused.set(this.#own, ownKeyRefused ? 1 : 0);
    this.#families.worth.set(this.#own, worthMs / 1000);
    if (fleet) this.#show(fleet);
  }

  /** To Prometheus's increase(), a series that begins at 1 never rose: each begins at 0. */
  #startAtZero(): void {
    for (const outcome of POLL_OUTCOMES) this.#families.polls.inc({ ...this.#own, outcome }, 0);
    for (const fault of NAMED_FAULTS) this.#families.faults.inc({ ...this.#own, fault }, 0);
    for (const reason of REFUSALS) this.#families.refusals.inc({ ...this.#own, reason }, 0);
    for (const { state, reason } of FAX_OUTCOMES) this.#families.finished.inc({ ...this.#own, state, reason }, 0);
    for (const outcome of SWEEP_OUTCOMES) this.#families.sweeps.inc({ ...this.#own, outcome }, 0);
    for (const source of HINT_SOURCES) {
      for (const outcome of HINT_OUTCOMES) this.#families.hints.inc({ ...this.#own, source, outcome }, 0);
    }
  }

  #show(fleet: Fleet): void {
    this.#families.inFlight.set(
      this.#own,
      IN_FLIGHT_STATES.reduce((sum, state) => sum + fleet.jobs[state], 0),
    );
    this.#families.oldest.set(this.#own, fleet.oldestInFlightMs / 1000);
    this.#families.candidates.set(this.#own, fleet.candidates);
    this.#families.historyTrusted.set(this.#own, fleet.historyTrusted ? 1 : 0);
    if (fleet.pacePerSecond !== undefined) {
      this.#families.pace.set(this.#own, fleet.pacePerSecond);
      this.#families.slotsUsed.set(this.#own, this.#slots.perSecond(performance.now()) / fleet.pacePerSecond);
    }
    for (const reason of REASONS)
      this.#families.brake.set({ ...this.#own, reason }, fleet.brake?.reason === reason ? 1 : 0);
    for (const [state, count] of Object.entries(fleet.jobs)) this.#families.jobs.set({ ...this.#own, state }, count);
  }

  #label(wording: string): string {
    if (!this.#wordings.has(wording) && this.#wordings.size >= MAX_WORDING_LABELS) return 'other';
    this.#wordings.add(wording);
    return wording.slice(0, 200);
  }
}
