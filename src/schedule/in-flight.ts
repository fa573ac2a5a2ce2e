import { BIN_SPAN, type Keys } from '../contract/keys.ts';
import type { RedisClient } from '../redis/redis-client.ts';
import { loadScript, type Script } from '../redis/script.ts';
import type { Candidate } from './choose.ts';
import { binOf } from './life-table.ts';

const CHOSEN_FOR_MS = 60_000; // much longer than a chosen fax waits for its slot

const WORTH_KEPT_MS = 60_000; // that no worker runs is known by other signs

const LINGERING_MS = 1_000;

/** The faxes in flight at one moment, as Redis knows them. */
export type Heads = {
  /** Ms since 1970, by Redis's clock. */
  readonly now: number;
  /** Chosen faxes whose jobs wait for a slot. */
  readonly waiting: number;
  readonly inFlight: number;
  readonly candidates: number;
  /** Whether the brake is on: the next fax chosen is a probe. */
  readonly braked: boolean;
  /** For how long from now a fax that was never asked for is no probe, ms; 0 while the brake is off. */
  readonly newProbeMs: number;
  /** Some faxes that were chosen long enough ago to have had their slot. */
  readonly lingering: readonly string[];
  /** Of the waiting, those that a hint brought. */
  readonly hintedWaiting: number;
  /** After how long the next hinted fax may be polled, ms; undefined for none. */
  readonly hintedInMs: number | undefined;
  /** What a request of the list of faxes is worth, ms of lag; undefined if there is no sweep. */
  readonly sweepWorthMs: number | undefined;
  /** The hinted ones alone, if as many wait as should. */
  readonly heads: readonly Candidate[];
};

/** The bin of a candidate: that of the age at which it was last known pending, 0 if it was never asked for. */
export const binOfCandidate = ({ pendingAt, enqueuedAt }: Candidate): number =>
  pendingAt > enqueuedAt ? 1 + binOf(pendingAt - enqueuedAt) : 0;

/** The score of a candidate that was found pending at an age, ms. @param at ms since 1970, by Redis's clock */
export const candidateScore = (ageMs: number, at: number): number =>
  (1 + binOf(Math.max(0, ageMs))) * BIN_SPAN + Math.round(at);

type HeadsReply = [
  now: number,
  waiting: number,
  inFlight: number,
  candidates: number,
  braked: number,
  newProbeMs: number,
  lingering: string[],
  hintedWaiting: number,
  hintedInMs: number,
  sweepWorthMs: string,
  hintedHeads: number,
  heads: (string | number)[],
];

/**
 * The faxes in flight, from among which the next polls are chosen. Faxes last known pending at the same age differ only
 * in how long ago that was, so in each bin of that age only those asked longest ago compete: what is looked at does not
 * grow with the number in flight.
 */
export class InFlight {
  readonly #redis: RedisClient;
  readonly #keys: Keys;
  readonly #heads: Script<HeadsReply>;
  readonly #take: Script<(string | null)[]>;
  readonly #forget: Script<null>;

  constructor(redis: RedisClient, keys: Keys) {
    this.#redis = redis;
    this.#keys = keys;
    this.#heads = loadScript(redis, new URL('./in-flight-heads.lua', import.meta.url));
    this.#take = loadScript(redis, new URL('./in-flight-take.lua', import.meta.url));
    this.#forget = loadScript(redis, new URL('./in-flight-forget.lua', import.meta.url));
  }

  /**
   * @param ahead how many chosen faxes should wait for slots
   * @param slotMs time between two slots
   * @param leading bins that had the faxes worth most a moment ago: only of these are there several heads
   */
  async heads(ahead: number, slotMs: number, leading: Iterable<number> = []): Promise<Heads> {
    const { candidates, chosen, inFlight, brake, hinted, hints, sweepWorth } = this.#keys;
    const reply = await this.#heads(
      [candidates, chosen, inFlight, brake, hinted, hints, sweepWorth],
      [BIN_SPAN, ahead, CHOSEN_FOR_MS, Math.ceil(LINGERING_MS + slotMs), Math.random(), ...leading],
    );
    const [now, waiting, count, candidateCount, braked, newProbeMs, lingering, ...hintsAndHeads] = reply;
    const [hintedWaiting, hintedInMs, sweepWorthMs, hintedHeads, flat] = hintsAndHeads;
    const heads: Candidate[] = [];
    for (let i = 0; i + 2 < flat.length; i += 3) {
      const [faxId, pendingAt, enqueuedAt] = flat.slice(i, i + 3);
      heads.push({
        faxId: String(faxId),
        pendingAt: Number(pendingAt),
        enqueuedAt: Number(enqueuedAt),
        hinted: i < 3 * hintedHeads,
      });
    }
    return {
      now,
      waiting,
      inFlight: count,
      candidates: candidateCount,
      braked: braked === 1,
      newProbeMs,
      lingering,
      hintedWaiting,
      hintedInMs: hintedInMs < 0 ? undefined : hintedInMs,
      sweepWorthMs: sweepWorthMs === '' ? undefined : Number(sweepWorthMs),
      heads,
    };
  }

  /**
   * Takes faxes for the next slots.
   *
   * @returns those that no other worker has taken, with their jobs; a job's id is empty if it has none
   */
  async take(faxIds: readonly string[]): Promise<{ readonly faxId: string; readonly jobId: string }[]> {
    const leases = faxIds.map((faxId) => this.#keys.lease(faxId));
    const { candidates, chosen, hinted } = this.#keys;
    const jobs = await this.#take([candidates, chosen, hinted, ...leases], faxIds);
    return faxIds.flatMap((faxId, i) => {
      const jobId = jobs[i];
      return jobId === null || jobId === undefined ? [] : [{ faxId, jobId }];
    });
  }

  /**
   * A fax was found pending: it is a candidate from now on.
   *
   * @param ageMs its age then
   * @param at ms since 1970, by Redis's clock
   */
  async pending(faxId: string, ageMs: number, at: number): Promise<void> {
    await this.#redis.zadd(this.#keys.candidates, candidateScore(ageMs, at), faxId);
  }

  /** The jobs that poll faxes, as their leases say; empty for none. */
  async jobsOf(faxIds: readonly string[]): Promise<{ readonly faxId: string; readonly jobId: string }[]> {
    if (faxIds.length === 0) return [];
    const jobs = await this.#redis.mget(faxIds.map((faxId) => this.#keys.lease(faxId)));
    return faxIds.map((faxId, i) => ({ faxId, jobId: jobs[i] ?? '' }));
  }

  /** Forgets faxes whose jobs are gone. @param faxes with the job that each lease named; empty for none */
  async forget(faxes: readonly { readonly faxId: string; readonly jobId: string }[]): Promise<void> {
    if (faxes.length === 0) return;
    const { inFlight, candidates, chosen, hinted, hints } = this.#keys;
    const leases = faxes.map(({ faxId }) => this.#keys.lease(faxId));
    await this.#forget(
      [inFlight, candidates, chosen, hinted, hints, ...leases],
      faxes.flatMap(({ faxId, jobId }) => [faxId, jobId]),
    );
  }

  /** Tells whoever draws the schedule what a slot is worth now, ms of lag; 0 while slots are left over. */
  async tellSlotWorth(ms: number): Promise<void> {
    await this.#redis.set(this.#keys.slotWorth, Math.round(ms), 'PX', WORTH_KEPT_MS);
  }
}
