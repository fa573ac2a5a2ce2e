import type { Keys } from '../contract/keys.ts';
import type { RedisClient } from '../redis/redis-client.ts';

const LATELY_MS = 15 * 60_000;

/**
 * Whether faxes are refused alone lately: an API may refuse ids that are another customer's, and a producer may go on
 * sending such. The first of them stops everyone for a moment; those after it need not.
 */
export class LoneRefusals {
  readonly #redis: RedisClient;
  readonly #key: string;

  constructor({ redis, keys }: { readonly redis: RedisClient; readonly keys: Keys }) {
    this.#redis = redis;
    this.#key = keys.loneRefusal;
  }

  /** A refusal turned out to be of one fax alone. @param now ms since 1970, by Redis's clock */
  async found(now: number): Promise<void> {
    await this.#redis.set(this.#key, now, 'PX', LATELY_MS);
  }

  /**
   * A fax that the API never answered for was refused.
   *
   * @param now ms since 1970, by Redis's clock
   * @returns when the one before it was, if some were found to be refused alone lately; else 0
   */
  async next(now: number): Promise<number> {
    return Number(await this.#redis.set(this.#key, now, 'PX', LATELY_MS, 'XX', 'GET'));
  }
}
