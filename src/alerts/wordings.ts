import type { ClassificationRule } from '../fax-api/classification-rules.ts';
import { classify } from '../fax-api/classify.ts';
import { oneLine } from '../fax-api/wording.ts';
import type { Keys } from '../contract/keys.ts';
import type { RedisClient } from '../redis/redis-client.ts';
import type { AlertDesk } from './alert-desk.ts';

const MAX_WORDINGS = 500; // an API that puts a date into each message must not fill Redis
const MAX_WORDING_CHARS = 200;

/** Remembers the wordings that no rule knows, so that each raises one alert, from whichever worker meets it first. */
export class Wordings {
  readonly #redis: RedisClient;
  readonly #key: string;
  readonly #alerts: AlertDesk;

  constructor(redis: RedisClient, keys: Keys, alerts: AlertDesk) {
    this.#redis = redis;
    this.#key = keys.wordings;
    this.#alerts = alerts;
  }

  /**
   * Raises an alert for a wording if it is new.
   *
   * @param wording in its normalised form, by which wordings are told apart
   * @param said what the API said
   */
  async met(wording: string, said: { apiStatus: string; message: string }): Promise<void> {
    const field = wording.slice(0, MAX_WORDING_CHARS);
    if ((await this.#redis.hlen(this.#key)) >= MAX_WORDINGS) return;
    if ((await this.#redis.hsetnx(this.#key, field, JSON.stringify(said))) === 0) return;
    const shown = oneLine(`${said.apiStatus}: ${said.message}`, MAX_WORDING_CHARS);
    await this.#alerts.raise(
      'unrecognised_message',
      'the API uses a wording that no rule knows; its faxes stay pending: ' +
        'add a rule (CLASSIFICATION_FILE) if it is final',
      { wording: shown },
    );
  }

  /** Ends the alerts of wordings that the rules know by now. Call it at start, as rules may have been added. */
  async resolveKnown(rules: readonly ClassificationRule[]): Promise<void> {
    for (const [field, json] of Object.entries(await this.#redis.hgetall(this.#key))) {
      const said = JSON.parse(json) as { apiStatus: string; message: string };
      const verdict = classify({ kind: 'status', userCashBalance: null, ...said }, rules);
      if (verdict.kind === 'unrecognised' || (await this.#redis.hdel(this.#key, field)) === 0) continue;
      const wording = oneLine(`${said.apiStatus}: ${said.message}`, MAX_WORDING_CHARS);
      await this.#alerts.resolve('unrecognised_message', `a rule knows this wording now: ${verdict.kind}`, { wording });
    }
  }
}
