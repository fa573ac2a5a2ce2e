import type { Keys } from '../contract/keys.ts';
import type { RedisClient } from '../redis/redis-client.ts';
import { loadScript, type Script } from '../redis/script.ts';
import { BINS, emptyTable, estimate, learnCompletion, learnPending, type LifeTable } from './life-table.ts';
import { shippedPrior } from './prior.ts';

// completions; above that the model is aged by half, so that a provider's new habits show within a day
const REMEMBERED = 1_000;

/** The completion model of all workers. What this worker learns is summed here, and flushed to Redis by one script. */
export class ModelStore {
  readonly #redis: RedisClient;
  readonly #key: string;
  readonly #learn: Script<string[]>;
  readonly #prior = shippedPrior();
  #learned = emptyTable();
  #completions = 0;
  #hazards = this.#prior;
  #remembered = 0;

  constructor(redis: RedisClient, keys: Keys) {
    this.#redis = redis;
    this.#key = keys.model;
    this.#learn = loadScript(redis, new URL('./model-learn.lua', import.meta.url));
  }

  /** Completions per ms of each bin of age, as known at the last flush. */
  get hazards(): Float64Array {
    return this.#hazards;
  }

  /** How many completions the model remembers. */
  get completions(): number {
    return this.#remembered;
  }

  /** A fax was found pending at the second age after it was last found so at the first, ms. */
  pending(fromMs: number, toMs: number): void {
    learnPending(this.#learned, Math.max(0, fromMs), toMs);
  }

  /** A fax was found final at the second age after it was last found pending at the first, ms. */
  completed(fromMs: number, toMs: number): void {
    learnCompletion(this.#learned, this.#hazards, Math.max(0, fromMs), Math.max(0, toMs));
    this.#completions += 1;
  }

  /** Completions per ms of each bin as all workers have learned them by now. Changes nothing, here or in Redis. */
  async read(): Promise<Float64Array> {
    return estimate(tableFrom(Object.entries(await this.#redis.hgetall(this.#key)).flat()), this.#prior);
  }

  /** Adds what was learned since the last flush to the model in Redis, and reads what all workers have learned. */
  async flush(): Promise<void> {
    const { exposure, completions } = this.#learned;
    const added = this.#completions;
    const fields: (string | number)[] = [];
    for (let bin = 0; bin < BINS; bin += 1) {
      const [watched, completed] = [exposure[bin] ?? 0, completions[bin] ?? 0];
      if (watched > 0) fields.push(`e${bin}`, Math.round(watched * 10) / 10);
      if (completed > 0) fields.push(`c${bin}`, Number(completed.toPrecision(6)));
    }
    this.#learned = emptyTable();
    this.#completions = 0;
    // A crash or a lost answer loses or repeats at most one flush: these are statistics.
    const model = await this.#learn([this.#key], [added, REMEMBERED, ...fields]);
    const learned = tableFrom(model);
    this.#hazards = estimate(learned, this.#prior);
    this.#remembered = learned.completions.reduce((sum, value) => sum + value, 0);
  }
}

function tableFrom(flat: readonly string[]): LifeTable {
  const table = emptyTable();
  for (let i = 0; i + 1 < flat.length; i += 2) {
    const [field, value] = [flat[i] as string, Number(flat[i + 1])];
    const bin = Number(field.slice(1));
    if (field.startsWith('e')) table.exposure[bin] = value;
    else if (field.startsWith('c')) table.completions[bin] = value;
  }
  return table;
}
