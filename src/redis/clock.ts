/**
 * The time of Redis, ms since 1970: one clock for all workers, whatever their own clocks say. Set by each reply that
 * contains it.
 */
export class RedisClock {
  #ahead = 0;

  /** @param redisNow the time of Redis, just received */
  told(redisNow: number): void {
    this.#ahead = redisNow - Date.now();
  }

  now(): number {
    return this.at(Date.now());
  }

  /** A time of this process's clock (ms since 1970) as Redis would give it. */
  at(time: number): number {
    return time + this.#ahead;
  }
}
