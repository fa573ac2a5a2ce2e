/** The time of Redis, ms since 1970: one clock for all workers, whatever their own says. Set by each reply that tells it. */
export class RedisClock {
  #ahead = 0;

  /** @param redisNow the time of Redis, just told */
  told(redisNow: number): void {
    this.#ahead = redisNow - Date.now();
  }

  now(): number {
    return Date.now() + this.#ahead;
  }
}
