import { setTimeout as sleep } from 'node:timers/promises';
import type { AlertDesk } from '../alerts/alert-desk.ts';
import type { Keys } from '../contract/keys.ts';
import type { ClassificationRule } from '../fax-api/classification-rules.ts';
import type { HistoryAnswer } from '../fax-api/history-answer.ts';
import type { RateLimit } from '../limit/rate-limit.ts';
import type { Log } from '../log/log.ts';
import type { RedisClient } from '../redis/redis-client.ts';
import type { Chooser } from '../schedule/chooser.ts';
import { candidateScore } from '../schedule/in-flight.ts';
import type { Settings } from '../settings/table.ts';
import type { HistoryKnowledge, HistoryRecord } from './history-record.ts';
import { Trial, whyUseless, type HistoryTrust } from './history-trust.ts';
import { HistoryView, oldestFirst, type Reading } from './history-view.ts';
import type { Hints } from './hints.ts';
import type { PageWorth } from './page-map.ts';
import { SweepLead } from './sweep-lead.ts';
import { watchedFaxes } from './watched-faxes.ts';

type SweepSettings = Pick<Settings, 'HISTORY_PAGE_SIZE' | 'POLL_MIN_INTERVAL_MS' | 'POLL_MAX_INTERVAL_MS'>;

export const SWEEP_OUTCOMES = ['ok', 'unusable'] as const;

/** Who counts requests of the list, by what they came to: the metrics do. */
export type SweepObserver = { swept(outcome: (typeof SWEEP_OUTCOMES)[number]): void };

export type SweeperParts = {
  readonly redis: RedisClient;
  readonly keys: Keys;
  readonly limit: Pick<RateLimit, 'take' | 'holds' | 'current'>;
  readonly chooser: Pick<Chooser, 'curve' | 'unhintedWorthMs' | 'next'>;
  readonly hints: Hints;
  readonly record: HistoryRecord;
  readonly alerts: AlertDesk;
  readonly rules: readonly ClassificationRule[];
  /** Asks the API for a page of the list, once. @param page from 1 */
  readonly ask: (page: number) => Promise<HistoryAnswer>;
  readonly observer: SweepObserver;
  readonly log: Log;
};

const REST_MS = 1_000; // between looks at whether to sweep at all
const LEAST_REST_MS = 20; // at a fast pace: what a look takes must not fill the process
const LOOK_AGAIN_SLOTS = 0.25;
const RENEW_MS = 1_000;
const MOST_FAXES = 2_000; // in flight, the newest, that are looked for on the list
const LOOKS = 5; // at one page, in the least interval between two polls of one fax
const HINT_AGAIN = 12; // least intervals until the same fax is hinted at again
const COVERED = 3; // greatest intervals for which the list may speak for a fax
const ENOUGH_FAILURES = 2; // in a row, of a list that has proved right
// one of how many slots a list gets at most until a hint of it has proved right: at first, and if it failed before
const TRIAL_SLOTS = { first: 3, again: 30 };

/**
 * Looks at the list of faxes for those that have finished, wherever one request is worth more than the best poll. It
 * takes slots of the one pace: while a page is worth more, the choosers leave their slots to it (`keys.sweepWorth`).
 * Faxes that it hints at are polled first. One worker sweeps at a time, and another takes over if it dies.
 *
 * The list is believed as far as polls have proved it right, and never makes a result.
 */
export class Sweeper {
  readonly #parts: SweeperParts;
  readonly #settings: SweepSettings;
  readonly #lead: SweepLead;
  readonly #stopping = new AbortController();
  #view: HistoryView;
  #trial = new Trial();
  #missed = 0;
  #asked = 0;
  #knowledge: HistoryKnowledge | undefined;
  #renewedAt = -Infinity;
  #sweptAt = -Infinity;
  #failures = 0; // in a row
  #running: Promise<void> | undefined;

  constructor(parts: SweeperParts, settings: SweepSettings) {
    this.#parts = parts;
    this.#settings = settings;
    this.#lead = new SweepLead(parts.redis, parts.keys);
    this.#view = this.#newView();
  }

  start(): void {
    this.#running ??= this.#run(this.#stopping.signal);
  }

  /** Ends the sweeping, so that another worker may go on at once. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      const restMs = await this.#turn().catch((err: unknown) => {
        this.#parts.log.debug({ err }, 'no sweep: will try again');
        return REST_MS;
      });
      await sleep(Math.max(restMs, LEAST_REST_MS), undefined, { signal: stop, ref: false }).catch(() => undefined);
    }
    await this.#lead.resign().catch(() => undefined);
  }

  /** @returns after how long to look again, ms */
  async #turn(): Promise<number> {
    const { limit } = this.#parts;
    const { now, leads, inFlight, braked, hinted } = await this.#lead.take();
    if (!leads) {
      this.#view = this.#newView(); // what it knew is old by the time that it takes over
      this.#trial = new Trial();
      this.#renewedAt = -Infinity;
      return REST_MS;
    }
    // Where each fax may be polled at the least interval, a list would find it hardly sooner.
    const few = (inFlight * 1000) / this.#settings.POLL_MIN_INTERVAL_MS <= limit.current;
    if (few || braked) return this.#leaveSlots();
    const { trust } = await this.#renew(now);
    if (trust.stoppedUntil > now) return this.#leaveSlots();
    const page = this.#next(now, trust);
    if (!page) return this.#leaveSlots(this.#soonMs);
    await this.#claimSlots(this.#netWorth(page));
    if (hinted > 0 || !(await limit.holds())) return this.#soonMs;
    const waitMs = await limit.take();
    // A slot that a job has may be given back at any moment; a hold ends when it ends.
    if (waitMs > 0) return Math.min(waitMs, waitMs > this.#slotMs ? REST_MS : this.#soonMs);
    await this.#sweep(page.page, now);
    return 0;
  }

  /** Time until another look, ms: a slot that goes by unused is lost. */
  get #soonMs(): number {
    return Math.min(REST_MS, LOOK_AGAIN_SLOTS * this.#slotMs);
  }

  get #slotMs(): number {
    return 1000 / this.#parts.limit.current;
  }

  /** The page to look at next; undefined if none is worth a request, or a list on trial has had its share of slots. */
  #next(now: number, { trusted, stops }: HistoryTrust): PageWorth | undefined {
    const everySlots = trusted ? 1 : stops === 0 ? TRIAL_SLOTS.first : TRIAL_SLOTS.again;
    if (everySlots > 1 && now - this.#sweptAt < everySlots * this.#slotMs) return undefined;
    const page = this.#view.best(this.#parts.chooser.curve, now, this.#settings.POLL_MIN_INTERVAL_MS / LOOKS);
    return page && this.#netWorth(page) > 0 ? page : undefined;
  }

  /** What is left of a page's worth once each of its faxes that is final has had the poll that confirms it, ms. */
  #netWorth({ worthMs, finals }: PageWorth): number {
    return worthMs - finals * this.#parts.chooser.unhintedWorthMs;
  }

  async #claimSlots(worthMs: number): Promise<void> {
    if (await this.#lead.claimSlots(worthMs)) this.#parts.chooser.next();
  }

  async #leaveSlots(restMs = REST_MS): Promise<number> {
    await this.#claimSlots(0);
    return restMs;
  }

  /** The faxes in flight and what is known of the list, as of at most a second ago. */
  async #renew(now: number): Promise<HistoryKnowledge> {
    const { redis, keys, record } = this.#parts;
    if (this.#knowledge && performance.now() - this.#renewedAt < RENEW_MS) return this.#knowledge;
    const [faxes, knowledge] = await Promise.all([watchedFaxes(redis, keys, MOST_FAXES), record.read()]);
    const unshown = this.#view.renew(faxes, faxes.length < MOST_FAXES);
    // Jobs that were removed, and a Redis that was emptied, are not the list's fault.
    if (unshown.length > 0) this.#missed += await redis.exists(unshown.map((faxId) => keys.status(faxId)));
    this.#knowledge = knowledge;
    this.#renewedAt = performance.now();
    await this.#judge(knowledge, now);
    return this.#knowledge;
  }

  async #judge(knowledge: HistoryKnowledge, now: number): Promise<void> {
    const { alerts, record } = this.#parts;
    const { trust, words, byCallback } = knowledge;
    if (trust.stoppedUntil > now) {
      this.#trial = new Trial();
      return;
    }
    const came = this.#trial.look(words, { missed: this.#missed - byCallback, asked: this.#asked });
    const useless = whyUseless(came, words);
    if (useless) await this.#stop(useless, now);
    else if (!trust.trusted && came.confirmed > 0) {
      await record.trust();
      if (trust.stops > 0) await alerts.resolve('history_unusable', 'the list of faxes is of use again');
    }
  }

  async #sweep(page: number, now: number): Promise<void> {
    const { ask, chooser, log, observer, record } = this.#parts;
    this.#sweptAt = now;
    this.#asked += 1;
    const notRenewed = (err: unknown): void => log.debug({ err }, 'lead not renewed');
    const answer = await this.#lead.keep(() => ask(page), notRenewed);
    const outcome = answer.kind === 'list' ? 'ok' : 'unusable';
    observer.swept(outcome);
    const { trust, words } = await record.read();
    if (answer.kind === 'unusable') {
      // A list that has proved right may be refused once: for the rate limit, which it shares with the polls.
      this.#failures += 1;
      return trust.trusted && this.#failures < ENOUGH_FAILURES ? undefined : this.#stop(answer.reason, now);
    }
    this.#failures = 0;
    const { entries } = answer;
    if (entries.length >= this.#settings.HISTORY_PAGE_SIZE && oldestFirst(entries)) {
      return this.#stop('it has the oldest faxes first', now);
    }
    await this.#act(this.#view.read(page, entries, words, trust.trusted, now), now);
    chooser.next();
  }

  async #act({ hints, pending, evidence }: Reading, now: number): Promise<void> {
    const { hints: door, keys, record, redis } = this.#parts;
    const scores = pending.flatMap(({ faxId, enqueuedAt }) => [candidateScore(now - enqueuedAt, now), faxId]);
    await Promise.all([
      door.give(hints),
      // not those that were taken or finished meanwhile, nor where a poll knows better
      scores.length > 0 && redis.zadd(keys.candidates, 'XX', 'GT', ...scores),
      ...[...evidence].flatMap(([word, counts]) => [
        record.onPending(word, 'pending', counts.pending),
        record.onPending(word, 'stale', counts.stale),
      ]),
    ]);
  }

  async #stop(reason: string, now: number): Promise<void> {
    const { alerts, log, record } = this.#parts;
    const knowledge = await record.read();
    this.#failures = 0;
    const stoppedUntil = await record.stop(knowledge, now);
    const { trust } = knowledge;
    this.#knowledge = { ...knowledge, trust: { trusted: false, stoppedUntil, stops: trust.stops + 1 } };
    this.#trial = new Trial();
    this.#view = this.#newView();
    this.#renewedAt = -Infinity;
    log.debug({ reason, forMs: stoppedUntil - now }, 'the list of faxes is of no use: not asked for meanwhile');
    if (trust.stops > 0) return;
    await alerts.raise(
      'history_unusable',
      `the list of faxes is of no use (${reason}): faxes are found by polls alone; it is tried again now and then; ` +
        'set HISTORY_SWEEP=off if your key has no list',
    );
  }

  #newView(): HistoryView {
    const { HISTORY_PAGE_SIZE, POLL_MIN_INTERVAL_MS, POLL_MAX_INTERVAL_MS } = this.#settings;
    return new HistoryView({
      rules: this.#parts.rules,
      pageSize: HISTORY_PAGE_SIZE,
      hintAgainMs: HINT_AGAIN * POLL_MIN_INTERVAL_MS,
      coveredMs: COVERED * POLL_MAX_INTERVAL_MS,
    });
  }
}
