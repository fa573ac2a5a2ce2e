import type { Queue } from 'bullmq';
import type { Settings } from '../settings/table.ts';
import type { RateLimit } from '../limit/rate-limit.ts';
import { Slot } from '../limit/slot.ts';
import type { Turn } from '../limit/turn.ts';
import { BIN_SPAN, type Keys } from '../contract/keys.ts';
import { decodeHint, type Hint } from '../hints/hint.ts';
import type { RedisClient } from '../redis/redis-client.ts';
import type { RedisClock } from '../redis/clock.ts';
import { candidateScore } from '../schedule/in-flight.ts';
import { loadScript, type Script } from '../redis/script.ts';
import { fromHash, type FaxResult } from '../contract/result.ts';
import { COUNTS_KEPT_SECONDS, countsAt } from './counts.ts';
import { pairs } from './result-store.ts';
import { watchesFax } from '../redis/fax-of-job.ts';

/** Whether a job may poll its fax now. `now` is the time of Redis in ms since 1970: one clock for all workers. */
export type Claim = { readonly now: number } & (
  | { readonly kind: 'done'; readonly result: FaxResult }
  /** Another job polls this fax; this many stand by for it, this one included. */
  | { readonly kind: 'leased'; readonly standBys: number }
  /** No request may go out now, and the queue is held: the job goes back in line. */
  | { readonly kind: 'held' }
  /** The fax is a candidate for the next slots. */
  | { readonly kind: 'joined' }
  /** The brake is on, and for so long others are better probes. */
  | { readonly kind: 'yield'; readonly waitMs: number }
  /**
   * The job comes that much too early: the safety net brought it, and the fax is a candidate; or a hint did within the
   * least interval.
   */
  | { readonly kind: 'early'; readonly leftMs: number }
  | { readonly kind: 'go'; readonly turn: Turn; readonly byNet: boolean; readonly hint: Hint | undefined }
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
  /** When it was last asked about it, ms since 1970; undefined for never. */
  readonly polledAt: number | undefined;
  /** How good a probe its fax is: the API has answered for it; or refused it last, or only failed; or neither. */
  readonly standing: 'answered' | 'refused' | 'new';
  /** How long the lease is to last from now, ms: longer than until the job's next visit. */
  readonly leaseMs: number;
};

type Reply =
  | [now: number, kind: 'done', result: string[]]
  | [now: number, kind: 'leased', owner: string, standBys: number]
  | [now: number, kind: 'held' | 'unlimited', ms: number]
  | [now: number, kind: 'early' | 'yield', ms: number]
  | [now: number, kind: 'joined']
  | [now: number, kind: 'go', refusals: number, byNet: number, hint: string];

const PROBE_SLACK_MS = 1_000;

export type GateParts = {
  readonly queue: Queue;
  readonly redis: RedisClient;
  readonly keys: Keys;
  readonly clock: RedisClock;
  readonly limit: Pick<RateLimit, 'hold' | 'holds' | 'giveBack'>;
};

/**
 * The gate before each request: one poller per fax, none when there is a result, none but the probe while the brake is
 * on, none without a limit. It holds the queue where no request may go out, and gives back the slots of jobs that send
 * none.
 */
export class ClaimGate {
  readonly #parts: GateParts;
  readonly #claim: Script<Reply>;
  readonly #minMs: number;
  readonly #probeMs: number; // how long one request may take before another becomes the probe

  constructor(parts: GateParts, settings: Pick<Settings, 'FAX_API_TIMEOUT_MS' | 'POLL_MIN_INTERVAL_MS'>) {
    this.#parts = parts;
    this.#minMs = settings.POLL_MIN_INTERVAL_MS;
    this.#probeMs = settings.FAX_API_TIMEOUT_MS + PROBE_SLACK_MS;
    this.#claim = loadScript(parts.redis, new URL('./claim.lua', import.meta.url));
  }

  /** The slot of a job that BullMQ has just fetched. */
  takeSlot(): Slot {
    return new Slot(this.#parts.limit);
  }

  /** Takes the fax for a job. @param slot that of the job */
  async claim(claimant: Claimant, slot: Slot): Promise<Claim> {
    const { limit } = this.#parts;
    // A new fax that only joins the candidates gives its slot back meanwhile.
    const joins = claimant.purpose.kind === 'join';
    const [reply, limited] = await Promise.all([
      this.#take(claimant),
      joins || limit.holds(),
      joins && slot.giveBack(),
    ]);
    const now = reply[0];
    switch (reply[1]) {
      case 'held':
      case 'unlimited':
        await limit.hold(reply[2]);
        return { now, kind: 'held' };
      case 'go': {
        const turn = { sentAt: now, refusals: reply[2] };
        if (!limited && turn.refusals === 0) return { now, kind: 'held' }; // it took no slot: it waits in line for one
        if (turn.refusals > 0) await limit.hold(this.#probeMs); // all others, while this one is the probe
        return { now, kind: 'go', turn, byNet: reply[3] === 1, hint: decodeHint(reply[4]) };
      }
    }
    await slot.giveBack();
    switch (reply[1]) {
      case 'done':
        return { now, kind: 'done', result: fromHash(pairs(reply[2])) };
      case 'leased':
        return { now, kind: 'leased', standBys: reply[3] };
      case 'joined':
        return { now, kind: 'joined' };
      case 'yield':
        return { now, kind: 'yield', waitMs: reply[2] };
      case 'early':
        return { now, kind: 'early', leftMs: reply[2] };
    }
  }

  /** A lease whose job is gone holds nothing back: it is taken over. */
  async #take(claimant: Claimant): Promise<Reply> {
    const { redis, queue } = this.#parts;
    const reply = await this.#ask(claimant, '');
    if (reply[1] !== 'leased' || (await watchesFax(redis, queue, reply[2], claimant.faxId))) return reply;
    return this.#ask({ ...claimant, first: false }, reply[2]);
  }

  async #ask(
    { faxId, jobId, enqueuedAt, first, fetchedAt, purpose, pendingAt, polledAt, standing, leaseMs }: Claimant,
    gone: string,
  ): Promise<Reply> {
    const { status, lease, inFlight, brake, standBys, pace, candidates, chosen } = this.#parts.keys;
    const { hinted, hints, keptHint } = this.#parts.keys;
    const keys = [status(faxId), lease(faxId), inFlight, brake, standBys(faxId), pace, candidates, chosen];
    const counts = countsAt(this.#parts.keys, this.#parts.clock.now());
    keys.push(hinted, hints, keptHint(faxId), counts.key);
    const netMs = purpose.kind === 'net' ? Math.ceil(purpose.netMs) : 0;
    const score = pendingAt === undefined ? enqueuedAt : candidateScore(pendingAt - enqueuedAt, pendingAt);
    const how = [purpose.kind, netMs, BIN_SPAN, standing, score, this.#minMs, polledAt ?? 0];
    const args = [faxId, jobId, Math.ceil(leaseMs), enqueuedAt, this.#probeMs, first ? 1 : 0, gone, fetchedAt, ...how];
    args.push(counts.field('r'), COUNTS_KEPT_SECONDS);
    const reply = await this.#claim(keys, args);
    this.#parts.clock.told(reply[0]);
    return reply;
  }
}
