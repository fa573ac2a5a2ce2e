import type { Queue } from 'bullmq';
import type { Settings } from '../config.ts';
import type { Keys } from '../keys.ts';
import type { RedisClient } from '../redis/redis-client.ts';
import type { RedisClock } from '../redis/clock.ts';
import { loadScript, type Script } from '../redis/script.ts';
import { fromHash, type FaxResult } from '../results/result.ts';
import { pairs } from '../results/store.ts';
import { watchesFax } from './job-of-fax.ts';

/** Whether a job may poll its fax now. `now` is the time of Redis in ms since 1970: one clock for all workers. */
export type Claim = { readonly now: number } & (
  | { readonly kind: 'done'; readonly result: FaxResult }
  /** Another job polls this fax; so many stand by for it, this one included. */
  | { readonly kind: 'leased'; readonly standBys: number }
  | { readonly kind: 'held'; readonly remainingMs: number }
  /** The job was fetched while the limit was gone, and took no slot of the pace; after so long the limit is back. */
  | { readonly kind: 'unlimited'; readonly remainingMs: number }
  | { readonly kind: 'go'; readonly refusals: number }
);

/** A job that asks for its fax. */
export type Claimant = {
  readonly faxId: string;
  readonly jobId: string;
  /** Ms since 1970. */
  readonly enqueuedAt: number;
  /** Whether this job has not been seen before. */
  readonly first: boolean;
  /** When a worker fetched it, ms since 1970, by Redis's clock. */
  readonly fetchedAt: number;
};

type Reply =
  | [now: number, kind: 'done', result: string[]]
  | [now: number, kind: 'leased', owner: string, standBys: number]
  | [now: number, kind: 'held' | 'unlimited' | 'go', value: number];
type ClaimSettings = Pick<Settings, 'POLL_MAX_INTERVAL_MS' | 'FAX_API_TIMEOUT_MS'>;

// A lease outlives the longest pause between two polls and the longest hold; should it run out, the next job that comes for the fax takes it
// over, and the late one finds itself second.
const LEASE_SLACK_MS = 10 * 60_000;
const PROBE_SLACK_MS = 1_000;

/** The gate before each request: one poller per fax, none when there is a result, none but the probe while the brake is on. */
export class ClaimGate {
  readonly #queue: Queue;
  readonly #redis: RedisClient;
  readonly #keys: Keys;
  readonly #clock: RedisClock;
  readonly #leaseMs: number;
  readonly #claim: Script<Reply>;
  /** How long one request may take before another becomes the probe. */
  readonly probeMs: number;

  constructor(queue: Queue, redis: RedisClient, keys: Keys, clock: RedisClock, settings: ClaimSettings) {
    this.#queue = queue;
    this.#redis = redis;
    this.#clock = clock;
    this.#keys = keys;
    this.#leaseMs = settings.POLL_MAX_INTERVAL_MS + LEASE_SLACK_MS;
    this.probeMs = settings.FAX_API_TIMEOUT_MS + PROBE_SLACK_MS;
    this.#claim = loadScript(redis, new URL('./claim.lua', import.meta.url));
  }

  /** Takes the fax for a job. A lease whose job is gone holds nothing back: it is taken over. */
  async claim(claimant: Claimant): Promise<Claim> {
    const reply = await this.#ask(claimant, '');
    if (reply[1] !== 'leased') return claimOf(reply);
    const owner = reply[2];
    if (await watchesFax(this.#redis, this.#queue, owner, claimant.faxId)) return claimOf(reply);
    return claimOf(await this.#ask({ ...claimant, first: false }, owner));
  }

  async #ask({ faxId, jobId, enqueuedAt, first, fetchedAt }: Claimant, gone: string): Promise<Reply> {
    const { status, lease, inFlight, brake, standBys, pace } = this.#keys;
    const keys = [status(faxId), lease(faxId), inFlight, brake, standBys(faxId), pace];
    const args = [faxId, jobId, this.#leaseMs, enqueuedAt, this.probeMs, first ? 1 : 0, gone, fetchedAt];
    const reply = await this.#claim(keys, args);
    this.#clock.told(reply[0]);
    return reply;
  }
}

function claimOf(reply: Reply): Claim {
  const now = reply[0];
  switch (reply[1]) {
    case 'done':
      return { now, kind: 'done', result: fromHash(pairs(reply[2])) };
    case 'leased':
      return { now, kind: 'leased', standBys: reply[3] };
    case 'held':
    case 'unlimited':
      return { now, kind: reply[1], remainingMs: reply[2] };
    case 'go':
      return { now, kind: 'go', refusals: reply[2] };
  }
}
