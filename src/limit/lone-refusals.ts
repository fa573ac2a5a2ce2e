import type { Keys } from '../contract/keys.ts';
import type { RedisClient } from '../redis/redis-client.ts';

const LATELY_MS = 15 * 60_000;
// Stops in a row that were for a fax never answered for, and over at the first probe, until the next such fax may be
// one that is refused alone. A limit that is met refuses such faxes, too.
const STOPS_NEEDED = { unauthorized: 2, rate_limited: 3 } as const;

type Reason = keyof typeof STOPS_NEEDED;

/**
 * Whether faxes are refused alone lately: an API may refuse ids that are another customer's, and a producer may go on
 * sending such. The first of them stop everyone for a moment; those after them need not.
 *
 * A hash in Redis, with an expiry: `at`, when such a fax was last refused (ms since 1970); `inARow`, how many such
 * refusals there were without an answer in between; and for each reason `stops:<reason>`, and `found:<reason>`, 1 once
 * a fax was refused again while others were answered.
 */
export class LoneRefusals {
  readonly #redis: RedisClient;
  readonly #key: string;

  constructor({ redis, keys }: { readonly redis: RedisClient; readonly keys: Keys }) {
    this.#redis = redis;
    this.#key = keys.loneRefusals;
  }

  /** A refusal turned out to be of one fax alone. */
  async found(reason: Reason): Promise<void> {
    await this.#set({ [`found:${reason}`]: 1 });
  }

  /** A refusal stopped everyone. @param maybeAlone whether it was of a fax never answered for, and of no probe */
  async stoppedAll(reason: Reason, maybeAlone: boolean): Promise<void> {
    if (maybeAlone) await this.#redis.hincrby(this.#key, `stops:${reason}`, 1);
    else await this.#set({ [`stops:${reason}`]: 0 });
  }

  /**
   * A fax that the API never answered for was refused.
   *
   * @param now ms since 1970, by Redis's clock
   * @param answeredAt when a request was last sent that was answered, ms since 1970
   * @returns how many such refusals there were in a row, this one included, without an answer in between; 0 if no faxes
   *   are refused alone lately
   */
  async next(reason: Reason, now: number, answeredAt: number): Promise<number> {
    const fields = ['at', 'inARow', `stops:${reason}`, `found:${reason}`];
    const [at, inARow, stops, found] = await this.#redis.hmget(this.#key, ...fields);
    const next = answeredAt > Number(at) ? 1 : Number(inARow) + 1;
    await this.#set({ at: now, inARow: next });
    return found === '1' || Number(stops) >= STOPS_NEEDED[reason] ? next : 0;
  }

  async #set(fields: Readonly<Record<string, number>>): Promise<void> {
    await this.#redis.multi().hset(this.#key, fields).pexpire(this.#key, LATELY_MS).exec();
  }
}
