import type { Keys } from '../contract/keys.ts';
import type { RedisClient } from '../redis/redis-client.ts';
import type { AlertDesk } from './alert-desk.ts';

export type BalanceParts = { readonly redis: RedisClient; readonly keys: Keys; readonly alerts: AlertDesk };

/**
 * Watches the account's balance, which comes with every good answer, and alerts once when it falls below the threshold.
 */
export class BalanceWatch {
  readonly #redis: RedisClient;
  readonly #key: string;
  readonly #alerts: AlertDesk;
  readonly #threshold: number | null;
  #low: boolean | undefined;

  /** @param threshold the setting `LOW_BALANCE_THRESHOLD`; null for no alert */
  constructor({ redis, keys, alerts }: BalanceParts, threshold: number | null) {
    this.#redis = redis;
    this.#key = keys.lowBalance;
    this.#alerts = alerts;
    this.#threshold = threshold;
  }

  async seen(userCashBalance: number): Promise<void> {
    const low = this.#threshold !== null && userCashBalance < this.#threshold;
    if (low === this.#low) return;
    this.#low = low;
    // Redis decides which worker alerts: the one that sets the mark, and later the one that removes it.
    if (low && (await this.#redis.set(this.#key, userCashBalance, 'NX')) === 'OK') {
      await this.#alerts.raise(
        'low_balance',
        `the balance is below ${this.#threshold}: top up, or faxes will not be sent`,
        { userCashBalance },
      );
    }
    if (!low && (await this.#redis.del(this.#key)) === 1) {
      const why =
        this.#threshold === null ? 'LOW_BALANCE_THRESHOLD is unset' : 'the balance is back above the threshold';
      await this.#alerts.resolve('low_balance', why, { userCashBalance });
    }
  }
}
