import { Gauge, Registry, collectDefaultMetrics } from 'prom-client';
import packageJson from '../../package.json' with { type: 'json' };
import type { ModelStore } from '../schedule/model-store.ts';
import { AccountMetrics, type AccountState } from './account-metrics.ts';
import { NOTHING_IN_FLIGHT, type Fleet } from './fleet.ts';
import { DURATION_BUCKETS, forgetAccount, metricFamilies } from './metric-families.ts';
import { modelHistogram } from './model-histogram.ts';

// Gauges of prom-client whose names end as a counter's must; their sums by type are in those without the ending.
const MISNAMED = ['resources', 'handles', 'requests'].map((what) => `fax_nodejs_active_${what}_total`);

/** An account at a scrape. */
export type ScrapedAccount = AccountState & {
  /** Undefined in a service without accounts. */
  readonly name: string | undefined;
  /** Undefined while Redis is away. */
  readonly fleet: Fleet | undefined;
  readonly model: ModelStore;
};

/** What a process knows of itself at a scrape. */
export type OwnState = {
  readonly redisUp: boolean;
  /** Whether Redis takes results. */
  readonly storable: boolean;
  /** Whether the file with the keys could be read and was right the last time; undefined if there is none. */
  readonly keyFileValid: boolean | undefined;
};

/** All Prometheus metrics of the service. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #families: ReturnType<typeof metricFamilies>;
  readonly #accounts = new Map<string | undefined, AccountMetrics>();
  readonly #storable = this.#gauge(
    'fax_results_storable',
    '1 if Redis takes results: not if it is out of memory, read-only or forbids it',
  );
  readonly #redisUp = this.#gauge('fax_redis_up', '1 if Redis answered this scrape');
  #keyFileValid: Gauge | undefined;

  /** @param withAccounts whether what is an account's has the label `account` */
  constructor(withAccounts: boolean) {
    this.#families = metricFamilies(this.#registry, withAccounts);
    collectDefaultMetrics({ register: this.#registry, prefix: 'fax_' });
    this.#showBuild();
    for (const name of MISNAMED) this.#registry.removeSingleMetric(name);
  }

  /**
   * The series of an account. They begin when it is first asked for: an account that never had a fax has none.
   *
   * @param lowBalance below which the balance is low; null for no such limit
   */
  of(account: string | undefined, lowBalance: number | null): AccountMetrics {
    const known = this.#accounts.get(account);
    if (known) return known;
    const metrics = new AccountMetrics(this.#families, account === undefined ? {} : { account }, lowBalance);
    this.#accounts.set(account, metrics);
    return metrics;
  }

  /** Another threshold for the balance of an account, if it has series. */
  lowBalance(account: string | undefined, threshold: number | null): void {
    this.#accounts.get(account)?.lowBalance(threshold);
  }

  /** Drops the series of an account that is no longer served. */
  async forget(account: string | undefined): Promise<void> {
    if (!this.#accounts.delete(account) || account === undefined) return;
    await forgetAccount(this.#families, account);
  }

  readonly contentType = this.#registry.contentType;

  /**
   * All metrics as text.
   *
   * @param awake accounts with something in flight; the gauges of others say that there is nothing
   */
  async text(awake: readonly ScrapedAccount[], { redisUp, storable, keyFileValid }: OwnState): Promise<string> {
    this.#storable.set(storable ? 1 : 0);
    this.#redisUp.set(redisUp ? 1 : 0);
    if (keyFileValid !== undefined) {
      this.#keyFileValid ??= this.#gauge('fax_accounts_file_valid', '1 if the file with the keys could be used');
      this.#keyFileValid.set(keyFileValid ? 1 : 0);
    }
    const states = new Map(awake.map((account) => [account.name, account]));
    for (const [name, metrics] of this.#accounts) {
      const state = states.get(name);
      metrics.show(state ? state.fleet : NOTHING_IN_FLIGHT, state ?? { worthMs: 0, ownKeyRefused: false });
    }
    const models = awake.map(({ name, model }) => ({ name, hazards: model.hazards, completions: model.completions }));
    return (await this.#registry.metrics()) + modelHistogram(models, DURATION_BUCKETS);
  }

  #showBuild(): void {
    const labels = { version: packageJson.version, node: process.version };
    new Gauge({
      name: 'fax_build_info',
      help: 'Always 1; its labels tell which version runs, on which Node',
      labelNames: Object.keys(labels),
      registers: [this.#registry],
    }).set(labels, 1);
  }

  #gauge(name: string, help: string): Gauge {
    return new Gauge({ name, help, registers: [this.#registry] });
  }
}
