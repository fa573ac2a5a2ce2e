import type { Settings } from '../config.ts';
import type { Keys } from '../keys.ts';
import type { RedisClient } from '../redis/redis-client.ts';
import type { RedisClock } from '../redis/clock.ts';
import { loadScript, type Script } from '../redis/script.ts';
import { fromHash, type FaxResult } from '../results/result.ts';
import { pairs } from '../results/store.ts';

/** Whether a job may poll its fax now. `now` is the time of Redis in ms since 1970: one clock for all workers. */
export type Claim = { readonly now: number } & (
  | { readonly kind: 'done'; readonly result: FaxResult }
  | { readonly kind: 'leased' }
  | { readonly kind: 'held'; readonly remainingMs: number }
  | { readonly kind: 'go'; readonly refusals: number }
);

type Reply = [now: number, kind: 'done', result: string[]] | [now: number, kind: 'leased'] | [now: number, kind: 'held' | 'go', value: number];
type ClaimSettings = Pick<Settings, 'POLL_MAX_INTERVAL_MS' | 'FAX_API_TIMEOUT_MS'>;

// A lease outlives the longest pause between two polls and the longest hold; should it run out all the same, the next job
// that comes for the fax takes it over, and the late one finds itself second.
const LEASE_SLACK_MS = 10 * 60_000;
const PROBE_SLACK_MS = 1_000;

/** The gate before each request: one poller per fax, none when there is a result, none but the probe while the brake is on. */
export class ClaimGate {
  readonly #keys: Keys;
  readonly #clock: RedisClock;
  readonly #leaseMs: number;
  readonly #claim: Script<Reply>;
  /** How long one request may take before another becomes the probe. */
  readonly probeMs: number;

  constructor(redis: RedisClient, keys: Keys, clock: RedisClock, settings: ClaimSettings) {
    this.#clock = clock;
    this.#keys = keys;
    this.#leaseMs = settings.POLL_MAX_INTERVAL_MS + LEASE_SLACK_MS;
    this.probeMs = settings.FAX_API_TIMEOUT_MS + PROBE_SLACK_MS;
    this.#claim = loadScript(redis, new URL('./claim.lua', import.meta.url));
  }

  async claim(faxId: string, jobId: string, enqueuedAt: number): Promise<Claim> {
    const keys = [this.#keys.status(faxId), this.#keys.lease(faxId), this.#keys.inFlight, this.#keys.brake];
    const [now, kind, value] = await this.#claim(keys, [faxId, jobId, this.#leaseMs, enqueuedAt, this.probeMs]);
    this.#clock.told(now);
    switch (kind) {
      case 'done':
        return { now, kind, result: fromHash(pairs(value)) };
      case 'leased':
        return { now, kind };
      case 'held':
        return { now, kind, remainingMs: value };
      case 'go':
        return { now, kind, refusals: value };
    }
  }
}
