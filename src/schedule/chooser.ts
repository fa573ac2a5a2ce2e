import { Job, type Queue } from 'bullmq';
import type { Settings } from '../settings/table.ts';
import type { Log } from '../log/log.ts';
import { OnceAMinute } from '../log/once-a-minute.ts';
import { watchesFax } from '../redis/fax-of-job.ts';
import type { RedisClient } from '../redis/redis-client.ts';
import { choose, greatestInterval, safetyNetMs, type IntervalBounds } from './choose.ts';
import { binOfCandidate, type InFlight } from './in-flight.ts';
import type { ModelStore } from './model-store.ts';
import type { RateLimit } from '../limit/rate-limit.ts';
import { every } from '../timing/every.ts';
import { SurvivalCurve } from './worth.ts';

type ChooserSettings = Pick<Settings, 'POLL_MIN_INTERVAL_MS' | 'POLL_MAX_INTERVAL_MS'>;

export type ChooserParts = {
  readonly queue: Queue;
  readonly redis: RedisClient;
  readonly inFlight: InFlight;
  readonly limit: RateLimit;
  readonly model: ModelStore;
  readonly settings: ChooserSettings;
  readonly log: Log;
};

const REFRESH_MS = 1_000;
const MODEL_MS = 3_000; // reading the model costs as much as a dozen choices, and it hardly changes within seconds
const AHEAD_S = 0.02; // at over 50 slots a second several faxes are chosen at once
const MOST_AHEAD = 500;
// at such a pace the next round waits, so that what is taken in between is chosen at once
const ROUND_MS = (AHEAD_S * 1000) / 2;
const PROMOTE_AFTER_MS = [0, 5, 20, 80];

/**
 * Spends each slot on the fax whose poll is worth most at that moment. The limiter stays BullMQ's: a job ahead waits
 * for its slot, and whoever takes that slot sees that another job waits for the next one. Whichever worker takes a fax
 * first has it, so any number of them choose.
 *
 * Each job stays in BullMQ's delayed set besides, as a safety net: if choosing fails, it is still polled, much later.
 */
export class Chooser {
  readonly #parts: ChooserParts;
  #curve: SurvivalCurve;
  #inFlight = 0;
  #candidates = 0;
  #worthMs = 0;
  #unhintedWorthMs = 0;
  #leadingBins: Iterable<number> = []; // where several are chosen at once
  #idle = true;
  #full = false; // as many faxes wait for slots as should, as of the last round
  #running = false;
  #again = false;
  #stopped = true;
  #roundAt = -Infinity;
  #wake: NodeJS.Timeout | undefined;
  #refreshing: Disposable | undefined;
  #modelAt = -Infinity;
  readonly #failures = new OnceAMinute();

  constructor(parts: ChooserParts) {
    this.#parts = parts;
    this.#curve = SurvivalCurve.of(parts.model.hazards);
  }

  async start(): Promise<void> {
    await this.#refresh();
    this.#stopped = false;
    this.#refreshing?.[Symbol.dispose]();
    const refresh = (): Promise<void> => {
      this.next();
      return this.#refresh();
    };
    const failed = (err: unknown): void => this.#parts.log.debug({ err }, 'model not refreshed');
    this.#refreshing = every(REFRESH_MS, refresh, failed);
    this.next();
  }

  /** Ends the choosing, and hands on what was learned since. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#refreshing?.[Symbol.dispose]();
    clearTimeout(this.#wake);
    await this.#parts.model.flush();
  }

  /** How likely a fax is still pending at each age, as learned so far. */
  get curve(): SurvivalCurve {
    return this.#curve;
  }

  /** What the poll chosen last was worth: the lag that it was expected to end, ms. */
  get worthMs(): number {
    return this.#worthMs;
  }

  /** What the best poll is worth that no hint asks for, as of the last round, ms. */
  get unhintedWorthMs(): number {
    return this.#unhintedWorthMs;
  }

  /** How many faxes a slot may be spent on, as of the last round. */
  get candidates(): number {
    return this.#candidates;
  }

  /** Whether slots are left over: no fax waits for one, and none could use one now. A new fax may have it at once. */
  get idle(): boolean {
    return this.#idle;
  }

  /** After how long a fax is polled whatever becomes of the choosing, ms. */
  get netMs(): number {
    return safetyNetMs(this.#parts.settings.POLL_MAX_INTERVAL_MS, this.#inFlight, this.#parts.limit.current);
  }

  /** The bounds of the time between two polls that are kept at this load, ms. */
  get bounds(): IntervalBounds {
    const { POLL_MIN_INTERVAL_MS: minMs, POLL_MAX_INTERVAL_MS: maxMs } = this.#parts.settings;
    return { minMs, maxMs: greatestInterval(maxMs, this.#inFlight, this.#parts.limit.current) };
  }

  /** A fax was found pending at the second age after it was last known to be so at the first, ms. */
  learnPending(fromMs: number, toMs: number): void {
    this.#parts.model.pending(fromMs, toMs);
  }

  /** A fax was found final at the second age after it was last known to be pending at the first, ms. */
  learnFinal(fromMs: number, toMs: number): void {
    this.#parts.model.completed(fromMs, toMs);
  }

  /** A fax was found pending: it competes for the next slots. @param at ms since 1970, by Redis's clock */
  async enter(faxId: string, ageMs: number, at: number): Promise<void> {
    await this.#parts.inFlight.pending(faxId, ageMs, at);
  }

  /** A worker finds nothing to do: often because the fax that waits has no slot yet, which is as it should be. */
  onDrained(): void {
    if (!this.#full) this.next();
  }

  /** Sees that a fax waits for the next slot. To be called when a slot was taken. */
  next(): void {
    this.#again = true;
    if (this.#running || this.#stopped) return;
    this.#running = true;
    this.#rounds()
      .catch((error: unknown) => this.#onFailure(error as Error))
      .finally(() => {
        this.#running = false;
        // Called between the last look and here, next() found the rounds still running.
        if (this.#again) this.next();
      });
  }

  #onFailure({ message: reason }: Error): void {
    if (this.#stopped || !this.#failures.isDue(reason)) return;
    this.#parts.log.warn({ reason }, 'no fax can be chosen for the next poll: faxes are polled much later meanwhile');
  }

  async #rounds(): Promise<void> {
    while (this.#again && !this.#stopped) {
      const restMs = this.#ahead > 1 ? this.#roundAt + ROUND_MS - performance.now() : 0;
      if (restMs > 0) await new Promise((resolve) => setTimeout(resolve, restMs));
      this.#again = false;
      this.#roundAt = performance.now();
      await this.#round();
    }
  }

  /** How many jobs wait for slots: those of one window of the limiter, or of 20 ms. */
  get #ahead(): number {
    const { limit } = this.#parts;
    return Math.min(Math.max(limit.perWindow, Math.ceil(limit.current * AHEAD_S)), MOST_AHEAD);
  }

  async #round(): Promise<void> {
    const { inFlight, limit } = this.#parts;
    const ahead = this.#ahead;
    const slotMs = 1000 / limit.current;
    const found = await inFlight.heads(ahead, slotMs, this.#leadingBins);
    const { now, waiting, heads, braked, newProbeMs, lingering, hintedWaiting, ...more } = found;
    const slots = Math.max(0, ahead - waiting);
    this.#full = slots === 0;
    this.#inFlight = more.inFlight;
    this.#candidates = more.candidates;
    const choice = choose(
      heads,
      this.#curve,
      now,
      this.bounds,
      {
        ahead,
        slots,
        hintedSlots: Math.max(0, ahead - hintedWaiting),
        sweepWorthMs: more.sweepWorthMs,
      },
      braked ? { newAfterMs: newProbeMs } : undefined,
    );
    if (waiting < ahead) {
      this.#unhintedWorthMs = choice.unhintedWorthMs;
      this.#leadingBins = ahead > 1 ? new Set(choice.leading.map(binOfCandidate)) : [];
    }
    const isUnused = waiting === 0 && choice.chosen.length === 0 && more.sweepWorthMs === undefined;
    this.#idle = isUnused && !(await limit.binds());
    // Where all slots have a fax, the next round comes with the next slot.
    const readyMs = Math.min(choice.chosen.length < slots ? choice.readyMs : Infinity, more.hintedInMs ?? Infinity);
    if (readyMs < REFRESH_MS) this.#wakeIn(readyMs);
    await Promise.all((await inFlight.jobsOf(lingering)).map(async (fax) => this.#promote(fax)));
    if (choice.chosen.length === 0) return;
    this.#worthMs = choice.worthMs;
    const hinted = new Set(choice.chosen.flatMap((candidate) => (candidate.hinted ? [candidate.faxId] : [])));
    const taken = await inFlight.take(choice.chosen.map(({ faxId }) => faxId));
    this.#full ||= taken.length === slots;
    await Promise.all(taken.map(async (fax) => this.#promote(fax, hinted.has(fax.faxId))));
  }

  /**
   * Puts the job of a fax in line for its slot. A fax joins the candidates a moment before its job is back in the
   * delayed set, so that is tried more than once.
   *
   * @param ahead whether it goes ahead of all that wait; BullMQ promotes a job behind them
   */
  async #promote(taken: { readonly faxId: string; readonly jobId: string }, ahead = false): Promise<void> {
    const job = new Job(this.#parts.queue, 'poll', {}, {}, taken.jobId);
    for (const pauseMs of PROMOTE_AFTER_MS) {
      if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
      try {
        await job.promote();
        if (ahead) await job.changePriority({ lifo: true });
        return;
      } catch {
        if (await this.#dropIfGone(taken)) return;
      }
    }
  }

  /**
   * A job that waits already, or is worked on, has its slot coming; one that is gone, whoever removed it, must not take
   * one from others.
   *
   * @returns whether it is gone
   */
  async #dropIfGone(fax: { readonly faxId: string; readonly jobId: string }): Promise<boolean> {
    const { queue, redis, inFlight, log } = this.#parts;
    if (await watchesFax(redis, queue, fax.jobId, fax.faxId)) return false;
    log.debug({ faxId: fax.faxId }, 'the job of this fax is gone: dropped');
    await inFlight.forget([fax]);
    this.#again = true;
    this.#roundAt = -Infinity; // there may be many: no rest in between
    return true;
  }

  #wakeIn(ms: number): void {
    clearTimeout(this.#wake);
    this.#wake = setTimeout(() => this.next(), Math.ceil(ms));
  }

  async #refresh(): Promise<void> {
    await this.#parts.inFlight.tellSlotWorth(this.#idle ? 0 : this.#worthMs);
    if (performance.now() - this.#modelAt < MODEL_MS) return;
    await this.#parts.model.flush();
    this.#curve = SurvivalCurve.of(this.#parts.model.hazards);
    this.#modelAt = performance.now();
  }
}
