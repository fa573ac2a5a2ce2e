import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { HINT_OUTCOMES, HINT_SOURCES, type HintObserver } from '../hints/hint.ts';
import { SWEEP_OUTCOMES, type SweepObserver } from '../hints/sweeper.ts';
import type { PollObserver } from '../polling/observer.ts';
import type { ModelStore } from '../schedule/model-store.ts';
import { FAX_OUTCOMES, NAMED_FAULTS, POLL_OUTCOMES, REFUSALS } from './counter-labels.ts';
import { IN_FLIGHT_STATES, type Fleet } from './fleet.ts';
import { modelHistogram } from './model-histogram.ts';
import { SlotUse } from './slot-use.ts';

const LAG_BUCKETS = [0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800];
const DURATION_BUCKETS = [5, 15, 30, 60, 90, 120, 180, 300, 600, 1200, 3600, 14_400, 86_400];
const REQUEST_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
// Gauges of prom-client whose names end as a counter's must; their sums by type are in those without the ending.
const MISNAMED = ['resources', 'handles', 'requests'].map((what) => `fax_nodejs_active_${what}_total`);
// one label value each: an API that puts a date into each message must not fill Prometheus
const MAX_WORDING_LABELS = 100;

/** What a process knows of itself at a scrape. */
export type OwnState = {
  readonly model: ModelStore;
  /** What the last chosen poll was worth, ms. */
  readonly worthMs: number;
  /** Whether Redis takes results. */
  readonly storable: boolean;
  /** Whether the API refuses this worker's key while it accepts those of others. */
  readonly ownKeyRefused: boolean;
};

/** All Prometheus metrics of the service: counts of this process, and the state of the fleet at the scrape. */
export class Metrics implements PollObserver, HintObserver, SweepObserver {
  readonly #registry = new Registry();
  readonly #slots = new SlotUse();
  readonly #wordings = new Set<string>();
  readonly #polls = this.#counter('fax_polls_total', 'Requests to the API, by what the answer was', ['outcome']);
  readonly #faults = this.#counter('fax_faults_total', 'Answers that count as server faults, by cause', ['fault']);
  readonly #refusals = this.#counter('fax_refusals_total', 'Requests refused by the API', ['reason']);
  readonly #finished = this.#counter('fax_finished_total', 'Faxes with a result', ['state', 'reason']);
  readonly #rejected = this.#counter('fax_jobs_rejected_total', 'Jobs whose data is not that of a fax job', []);
  readonly #unrecognised = this.#counter('fax_unrecognised_total', 'Answers in a wording that no rule knows', [
    'wording',
  ]);
  readonly #request = this.#histogram(
    'fax_request_duration_seconds',
    'Time of one request to the API',
    REQUEST_BUCKETS,
  );
  readonly #lag = this.#histogram(
    'fax_detection_lag_seconds',
    'Upper bound of the time from a fax being finished to our seeing it: time between the last two polls',
    LAG_BUCKETS,
  );
  readonly #duration = this.#histogram(
    'fax_duration_seconds',
    'Time from a fax being enqueued to its result',
    DURATION_BUCKETS,
  );
  readonly #balance = this.#gauge(
    'fax_user_cash_balance',
    'Balance of the account as the API last told this process',
    [],
  );
  readonly #inFlight = this.#gauge('fax_in_flight', 'Faxes without a result in the queue', []);
  readonly #oldest = this.#gauge('fax_oldest_in_flight_seconds', 'Age of the oldest fax in flight', []);
  readonly #pace = this.#gauge('fax_pace_requests_per_second', 'Pace in force, of all workers together', []);
  readonly #brake = this.#gauge('fax_brake', '1 while polling is stopped for this reason', ['reason']);
  readonly #jobs = this.#gauge('fax_queue_jobs', 'Jobs in the queue, by BullMQ state', ['state']);
  readonly #worth = this.#gauge(
    'fax_poll_worth_seconds',
    'Lag that the poll chosen last was expected to end; this worker’s',
    [],
  );
  readonly #candidates = this.#gauge('fax_candidates', 'Faxes that the next requests are chosen from', []);
  readonly #slotsUsed = this.#gauge(
    'fax_slots_used_ratio',
    'Requests of this worker in the last minute, as a share of the pace; all workers add up',
    [],
  );
  readonly #netPolls = this.#counter(
    'fax_safety_net_polls_total',
    'Requests for faxes that the safety net brought, not the choosing',
    [],
  );
  readonly #hints = this.#counter('fax_hints_total', 'Hints that a fax may be final, by what came of them', [
    'source',
    'outcome',
  ]);
  readonly #sweeps = this.#counter('fax_sweeps_total', 'Requests of the list of faxes, by what they came to', [
    'outcome',
  ]);
  readonly #historyTrusted = this.#gauge('fax_history_trusted', '1 while hints of the list of faxes prove right', []);
  readonly #storable = this.#gauge(
    'fax_results_storable',
    '1 if Redis takes results: not if it is out of memory, read-only or forbids it',
    [],
  );
  readonly #ownKeyRefused = this.#gauge(
    'fax_worker_key_refused',
    '1 while the API refuses the key of this worker and takes that of others',
    [],
  );
  readonly #redisUp = this.#gauge('fax_redis_up', '1 if Redis answered this scrape', []);

  /** @param lowBalance below which the balance is low; null for no such limit */
  constructor(lowBalance: number | null) {
    if (lowBalance !== null)
      this.#gauge('fax_low_balance_threshold', 'Balance below which there is an alert (LOW_BALANCE_THRESHOLD)', []).set(
        lowBalance,
      );
    this.#startAtZero();
    collectDefaultMetrics({ register: this.#registry, prefix: 'fax_' });
    for (const name of MISNAMED) this.#registry.removeSingleMetric(name);
    this.#balance.remove(); // unknown until the API tells: a 0 would be a low one
  }

  readonly asking: PollObserver['asking'] = (byNet) => {
    this.#slots.used(performance.now());
    if (byNet) this.#netPolls.inc();
  };

  readonly polled: PollObserver['polled'] = (answer, verdict) => {
    this.#polls.inc({ outcome: verdict.kind });
    this.#request.observe(answer.latencyMs / 1000);
    if (answer.kind === 'fault') this.#faults.inc({ fault: answer.fault });
    if (answer.kind === 'unauthorized' || answer.kind === 'rate_limited') this.#refusals.inc({ reason: answer.kind });
    if (answer.kind === 'status' && answer.userCashBalance !== null) this.#balance.set(answer.userCashBalance);
    if (verdict.kind === 'unrecognised') this.#unrecognised.inc({ wording: this.#label(verdict.wording) });
  };

  readonly finished: PollObserver['finished'] = (result, lagCeilingMs) => {
    this.#finished.inc({ state: result.state, reason: result.reason });
    this.#lag.observe(lagCeilingMs / 1000);
    this.#duration.observe(Math.max(0, Date.parse(result.completedAt) - Date.parse(result.enqueuedAt)) / 1000);
  };

  readonly rejected: PollObserver['rejected'] = () => {
    this.#rejected.inc();
  };

  readonly hinted: HintObserver['hinted'] = (source, outcome) => {
    this.#hints.inc({ source, outcome });
  };

  readonly swept: SweepObserver['swept'] = (outcome) => {
    this.#sweeps.inc({ outcome });
  };

  readonly contentType = this.#registry.contentType;

  /**
   * All metrics as text.
   *
   * @param fleet undefined while Redis is away: its gauges then keep what they had
   * @param own what this process knows of itself
   */
  async text(fleet: Fleet | undefined, { model, worthMs, storable, ownKeyRefused }: OwnState): Promise<string> {
    this.#storable.set(storable ? 1 : 0);
    this.#ownKeyRefused.set(ownKeyRefused ? 1 : 0);
    this.#worth.set(worthMs / 1000);
    this.#redisUp.set(fleet ? 1 : 0);
    if (fleet) this.#show(fleet);
    return (await this.#registry.metrics()) + modelHistogram(model.hazards, model.completions, DURATION_BUCKETS);
  }

  /** To Prometheus's increase(), a series that begins at 1 never rose: each begins at 0. */
  #startAtZero(): void {
    for (const outcome of POLL_OUTCOMES) this.#polls.inc({ outcome }, 0);
    for (const fault of NAMED_FAULTS) this.#faults.inc({ fault }, 0);
    for (const reason of REFUSALS) this.#refusals.inc({ reason }, 0);
    for (const { state, reason } of FAX_OUTCOMES) this.#finished.inc({ state, reason }, 0);
    for (const outcome of SWEEP_OUTCOMES) this.#sweeps.inc({ outcome }, 0);
    for (const source of HINT_SOURCES) {
      for (const outcome of HINT_OUTCOMES) this.#hints.inc({ source, outcome }, 0);
    }
  }

  #show(fleet: Fleet): void {
    this.#inFlight.set(IN_FLIGHT_STATES.reduce((sum, state) => sum + fleet.jobs[state], 0));
    this.#oldest.set(fleet.oldestInFlightMs / 1000);
    this.#candidates.set(fleet.candidates);
    this.#historyTrusted.set(fleet.historyTrusted ? 1 : 0);
    if (fleet.pacePerSecond !== undefined) {
      this.#pace.set(fleet.pacePerSecond);
      this.#slotsUsed.set(this.#slots.perSecond(performance.now()) / fleet.pacePerSecond);
    }
    for (const reason of ['unauthorized', 'rate_limited', 'api_down'])
      this.#brake.set({ reason }, fleet.brake?.reason === reason ? 1 : 0);
    for (const [state, count] of Object.entries(fleet.jobs)) this.#jobs.set({ state }, count);
  }

  #label(wording: string): string {
    if (!this.#wordings.has(wording) && this.#wordings.size >= MAX_WORDING_LABELS) return 'other';
    this.#wordings.add(wording);
    return wording.slice(0, 200);
  }

  #counter<L extends string>(name: string, help: string, labelNames: L[]): Counter<L> {
    return new Counter({ name, help, labelNames, registers: [this.#registry] });
  }

  #gauge<L extends string>(name: string, help: string, labelNames: L[]): Gauge<L> {
    return new Gauge({ name, help, labelNames, registers: [this.#registry] });
  }

  #histogram(name: string, help: string, buckets: number[]): Histogram {
    return new Histogram({ name, help, buckets, registers: [this.#registry] });
  }
}
