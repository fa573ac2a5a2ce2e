import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

const LAG_BUCKETS = [0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800];
export const DURATION_BUCKETS = [5, 15, 30, 60, 90, 120, 180, 300, 600, 1200, 3600, 14_400, 86_400];
const REQUEST_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** The label of an account; none in a service without accounts. */
export type AccountLabel = { readonly account?: string };

/**
 * The metrics of which each account has its own series.
 *
 * @param withAccounts whether each series has the label `account`
 */
export function metricFamilies(registry: Registry, withAccounts: boolean) {
  const label: 'account'[] = withAccounts ? ['account'] : [];
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labels: L[]): Counter<L | 'account'> =>
    new Counter({ name, help, labelNames: [...label, ...labels], registers });
  const gauge = <L extends string>(name: string, help: string, labels: L[]): Gauge<L | 'account'> =>
    new Gauge({ name, help, labelNames: [...label, ...labels], registers });
  const histogram = (name: string, help: string, buckets: number[]): Histogram<'account'> =>
    new Histogram({ name, help, buckets, labelNames: label, registers });
  return {
    polls: counter('fax_polls_total', 'Requests to the API, by what the answer was', ['outcome']),
    faults: counter('fax_faults_total', 'Answers that count as server faults, by cause', ['fault']),
    refusals: counter('fax_refusals_total', 'Requests refused by the API', ['reason']),
    finished: counter('fax_finished_total', 'Faxes with a result', ['state', 'reason']),
    rejected: counter('fax_jobs_rejected_total', 'Jobs whose data is not that of a fax job', []),
    unrecognised: counter('fax_unrecognised_total', 'Answers in a wording that no rule knows', ['wording']),
    request: histogram('fax_request_duration_seconds', 'Time of one request to the API', REQUEST_BUCKETS),
    lag: histogram(
      'fax_detection_lag_seconds',
      'Upper bound of the time from a fax being finished to our seeing it: time between the last two polls',
      LAG_BUCKETS,
    ),
    duration: histogram('fax_duration_seconds', 'Time from a fax being enqueued to its result', DURATION_BUCKETS),
    balance: gauge('fax_user_cash_balance', 'Balance of the account as the API last told this process', []),
    inFlight: gauge('fax_in_flight', 'Faxes without a result in the queue', []),
    oldest: gauge('fax_oldest_in_flight_seconds', 'Age of the oldest fax in flight', []),
    pace: gauge('fax_pace_requests_per_second', 'Pace in force, of all workers together', []),
    brake: gauge('fax_brake', '1 while polling is stopped for this reason', ['reason']),
    jobs: gauge('fax_queue_jobs', 'Jobs in the queue, by BullMQ state', ['state']),
    worth: gauge('fax_poll_worth_seconds', 'Lag that the poll chosen last was expected to end; this worker’s', []),
    candidates: gauge('fax_candidates', 'Faxes that the next requests are chosen from', []),
    slotsUsed: gauge(
      'fax_slots_used_ratio',
      'Requests of this worker in the last minute, as a share of the pace; all workers add up',
      [],
    ),
    netPolls: counter(
      'fax_safety_net_polls_total',
      'Requests for faxes that the safety net brought, not the choosing',
      [],
    ),
    hints: counter('fax_hints_total', 'Hints that a fax may be final, by what came of them', ['source', 'outcome']),
    sweeps: counter('fax_sweeps_total', 'Requests of the list of faxes, by what they came to', ['outcome']),
    historyTrusted: gauge('fax_history_trusted', '1 while hints of the list of faxes prove right', []),
    ownKeyRefused: gauge(
      'fax_worker_key_refused',
      '1 while the API refuses the key of this worker and takes that of others',
      [],
    ),

    lowBalance: gauge('fax_low_balance_threshold', 'Balance below which there is an alert (LOW_BALANCE_THRESHOLD)', []),
  };
}

export type MetricFamilies = ReturnType<typeof metricFamilies>;

/** Removes the series of an account that is no longer served. */
export async function forgetAccount(families: MetricFamilies, account: string): Promise<void> {
  for (const family of Object.values(families) as (Counter | Gauge | Histogram)[]) {
    for (const { labels } of (await family.get()).values) {
      if (labels['account'] !== account) continue;
      const own = Object.entries(labels).filter(([label]) => label !== 'le'); // of a bucket, which goes with the rest
      family.remove(Object.fromEntries(own));
    }
  }
}
