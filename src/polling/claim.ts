import type { Queue } from 'bullmq';
import type { Settings } from '../settings/table.ts';
import { BIN_SPAN, type Keys } from '../contract/keys.ts';
import type { RedisClient } from '../redis/redis-client.ts';
import type { RedisClock } from '../redis/clock.ts';
import { candidateScore } from '../schedule/in-flight.ts';
import { loadScript, type Script } from '../redis/script.ts';
import { fromHash, type FaxResult } from '../contract/result.ts';
import { pairs } from './result-store.ts';
import { watchesFax } from '../redis/fax-of-job.ts';

/** Whether a job may poll its fax now. `now` is the time of Redis in ms since 1970: one clock for all workers. */
export type Claim = { readonly now: number } & (
  | { readonly kind: 'done'; readonly result: FaxResult }
  /** Another job polls this fax; so many stand by for it, this one included. */
  | { readonly kind: 'leased'; readonly standBys: number }
  | { readonly kind: 'held'; readonly remainingMs: number }
  /** The job was fetched while the limit was gone, and took no slot of the pace; after so long the limit is back. */
  | { readonly kind: 'unlimited'; readonly remainingMs: number }
  /** The fax is a candidate for the next slots. */
  | { readonly kind: 'joined' }
  /** The brake is on, and for so long others are better probes. */
  | { readonly kind: 'yield'; readonly waitMs: number }
  /** The safety net brought the job that much too early, as the fax is a candidate. */
  | { readonly kind: 'early'; readonly leftMs: number }
  | { readonly kind: 'go'; readonly refusals: number; readonly byNet: boolean }
);

/**
 * What a job asks for: to be a candidate for a slot, to poll, or to poll if it was chosen, or left alone for `netMs`.
 */
export type Purpose =
  { readonly kind: 'join' } | { readonly kind: 'poll' } | { readonly kind: 'net'; readonly netMs: number };

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
  readonly purpose: Purpose;
  /** When the API last answered that the fax is pending, ms since 1970; undefined for never. */
  readonly pendingAt: number | undefined;
  /** How good a probe its fax is: the API has answered for it, or refused it last, or neither. */
  readonly standing: 'answered' | 'refused' | 'new';
  /** How long the lease is to last from now, ms: longer than until the job's next visit. */
  readonly leaseMs: number;
};

type Reply =
  | [now: number, kind: 'done', result: string[]]
  | [now: number, kind: 'leased', owner: string, standBys: number]
  | [now: number, kind: 'held' | 'unlimited' | 'early' | 'yield', ms: number]
  | [now: number, kind: 'joined']
  | [now: number, kind: 'go', refusals: number, byNet: number];

const PROBE_SLACK_MS = 1_000;

/**
 * The gate before each request: one poller per fax, none when there is a result, none but the probe while the brake is
 * on.
 */
export class ClaimGate {
  readonly #queue: Queue;
  readonly #redis: RedisClient;
  readonly #keys: Keys;
  readonly #clock: RedisClock;
  readonly #claim: Script<Reply>;
  readonly #minMs: number;
  /** How long one request may take before another becomes the probe. */
  readonly probeMs: number;

  constructor(
    queue: Queue,
    redis: RedisClient,
    keys: Keys,
    clock: RedisClock,
    settings: Pick<Settings, 'FAX_API_TIMEOUT_MS' | 'POLL_MIN_INTERVAL_MS'>,
  ) {
    this.#queue = queue;
    this.#redis = redis;
    this.#clock = clock;
    this.#keys = keys;
    this.#minMs = settings.POLL_MIN_INTERVAL_MS;
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

  async #ask(
    { faxId, jobId, enqueuedAt, first, fetchedAt, purpose, pendingAt, standing, leaseMs }: Claimant,
    gone: string,
  ): Promise<Reply> {
    const { status, lease, inFlight, brake, standBys, pace, candidates, chosen } = this.#keys;
    const keys = [status(faxId), lease(faxId), inFlight, brake, standBys(faxId), pace, candidates, chosen];
    const netMs = purpose.kind === 'net' ? Math.ceil(purpose.netMs) : 0;
    const score = pendingAt === undefined ? enqueuedAt : candidateScore(pendingAt - enqueuedAt, pendingAt);
    const how = [purpose.kind, netMs, BIN_SPAN, standing, score, this.#minMs];
    const args = [faxId, jobId, Math.ceil(leaseMs), enqueuedAt, this.probeMs, first ? 1 : 0, gone, fetchedAt, ...how];
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
    case 'joined':
      return { now, kind: 'joined' };
    case 'yield':
      return { now, kind: 'yield', waitMs: reply[2] };
    case 'early':
      return { now, kind: 'early', leftMs: reply[2] };
    case 'go':
      return { now, kind: 'go', refusals: reply[2], byNet: reply[3] === 1 };
  }
}
