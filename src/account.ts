import { Queue, type Job, type Telemetry } from 'bullmq';
import { AlertDesk } from './alerts/alert-desk.ts';
import { BalanceWatch } from './alerts/balance.ts';
import { Wordings } from './alerts/wordings.ts';
import { keysOf, type Keys } from './contract/keys.ts';
import type { ClassificationRule } from './fax-api/classification-rules.ts';
import { classify } from './fax-api/classify.ts';
import { FaxApiClient } from './fax-api/client.ts';
import { HistoryClient } from './fax-api/history-client.ts';
import type { HintObserver } from './hints/hint.ts';
import { HistoryRecord } from './hints/history-record.ts';
import { Hints } from './hints/hints.ts';
import { Sweeper, type SweepObserver } from './hints/sweeper.ts';
import { AnswerRecord } from './limit/answer-record.ts';
import { Brake } from './limit/brake.ts';
import { LoneRefusals } from './limit/lone-refusals.ts';
import { OwnKey } from './limit/own-key.ts';
import { RateLimit } from './limit/rate-limit.ts';
import type { Log } from './log/log.ts';
import { ClaimGate } from './polling/claim.ts';
import { Notes } from './polling/notes.ts';
import type { PollObserver } from './polling/observer.ts';
import { Poller } from './polling/poll.ts';
import { PollingReport } from './polling/polling-report.ts';
import { wakeRefused } from './polling/refused-jobs.ts';
import { ResultStore } from './polling/result-store.ts';
import { FleetSignals } from './polling/signals.ts';
import { createWorker } from './polling/worker.ts';
import { RedisClock } from './redis/clock.ts';
import type { RedisClient } from './redis/redis-client.ts';
import { Chooser } from './schedule/chooser.ts';
import { InFlight } from './schedule/in-flight.ts';
import { ModelStore } from './schedule/model-store.ts';
import type { Settings } from './settings/table.ts';
import { Stops } from './timing/stops.ts';

/** What the process has once, for whatever polls in it. */
export type AccountParts = {
  readonly redis: RedisClient;
  readonly rules: readonly ClassificationRule[];
  /**
   * Who counts what an account does.
   *
   * @param lowBalance below which its balance is low; null for no such limit
   */
  readonly observerOf: (
    account: string | undefined,
    lowBalance: number | null,
  ) => PollObserver & HintObserver & SweepObserver;
  readonly telemetry: Telemetry | undefined;
  readonly log: Log;
};

const EVENTS_KEPT = 1_000; // of BullMQ's own event stream, which nothing here reads; each poll writes a few
const LETTING_GO_MS = 300; // for jobs whose requests have been cut off

/** One queue, polled with one key: what its state is read from, and, once started, what polls its faxes. */
export class Account {
  readonly name: string | undefined;
  readonly keys: Keys;
  readonly queue: Queue;
  readonly limit: RateLimit;
  readonly brake: Brake;
  readonly inFlight: InFlight;
  readonly model: ModelStore;
  readonly chooser: Chooser;
  readonly hints: Hints;
  readonly #parts: AccountParts;
  #settings: Settings;
  readonly #patienceMs: number;
  readonly #clock = new RedisClock();
  readonly #alerts: AlertDesk;
  readonly #key: OwnKey;
  readonly #history: HistoryRecord;
  #polling: Stops | undefined;
  #clients: readonly { useKey(key: string): void }[] = [];
  #lastWorkAt = performance.now();

  /**
   * @param name undefined in a service without accounts
   * @param settings its own, with its own queue and key prefix
   * @param patienceMs how long jobs under way have to finish when it stops, ms
   */
  constructor(name: string | undefined, parts: AccountParts, settings: Settings, patienceMs: number) {
    const { redis } = parts;
    const log = name === undefined ? parts.log : parts.log.child({ account: name });
    this.name = name;
    this.#parts = { ...parts, log };
    this.#settings = settings;
    this.#patienceMs = patienceMs;
    this.keys = keysOf(settings.KEY_PREFIX);
    this.queue = new Queue(settings.QUEUE_NAME, {
      connection: redis,
      prefix: settings.QUEUE_PREFIX,
      streams: { events: { maxLen: EVENTS_KEPT } },
      skipMetasUpdate: name !== undefined, // a sleeping account has nothing in Redis: see start
    });
    this.queue.on('error', (error) => log.debug({ reason: error.message }, 'queue: will try again'));
    const { keys, queue } = this;
    this.#alerts = new AlertDesk(redis, keys, log, name);
    this.#key = new OwnKey(log);
    this.limit = new RateLimit({ queue, redis, keys, clock: this.#clock, log }, settings);
    this.brake = new Brake({ redis, keys, limit: this.limit, alerts: this.#alerts }, settings);
    this.model = new ModelStore(redis, keys);
    this.inFlight = new InFlight(redis, keys);
    const { inFlight, limit, model } = this;
    this.chooser = new Chooser({ queue, redis, inFlight, limit, model, settings, log });
    this.#history = new HistoryRecord(redis, keys);
    const observer: HintObserver = { hinted: (source, outcome) => this.#observer.hinted(source, outcome) };
    this.hints = new Hints({ redis, keys, record: this.#history, observer, onWatched: () => this.chooser.next() });
  }

  get #observer() {
    return this.#parts.observerOf(this.name, this.#settings.LOW_BALANCE_THRESHOLD);
  }

  /** Whether the API refuses the key of this worker, and takes that of others. */
  get ownKeyRefused(): boolean {
    return this.#key.refused;
  }

  /** Since this process last worked on a job, ms. */
  get idleMs(): number {
    return performance.now() - this.#lastWorkAt;
  }

  /** Starts polling. What it has started is stopped again if it fails, so that it may be called again. */
  async start(): Promise<void> {
    const started = new Stops(this.#patienceMs);
    try {
      await this.#start(started);
    } catch (error) {
      await started[Symbol.asyncDispose]();
      throw error;
    }
    this.#polling = started;
  }

  get settings(): Settings {
    return this.#settings;
  }

  /**
   * From the next request on another key is sent. A brake that is on as the one before was refused goes off.
   *
   * @throws the client's error if Redis refuses that; the key is in use whatever comes of it
   */
  async useKey(key: string): Promise<void> {
    this.#settings = { ...this.#settings, FAX_API_KEY: key };
    for (const client of this.#clients) client.useKey(key);
    if (!this.#polling) return;
    this.#key.renew();
    if (await this.brake.onNewKey(key)) await wakeRefused(this.#parts.redis, this.queue);
  }

  /**
   * Takes no new job, finishes those under way while there is time, and lets go of the rest unharmed. It may be started
   * again.
   */
  async stop(): Promise<void> {
    const polling = this.#polling;
    await polling?.[Symbol.asyncDispose]();
    if (this.#polling === polling) this.#polling = undefined;
    this.#clients = [];
  }

  /** Lets go of the queue; to be called once nothing uses it. */
  async close(): Promise<void> {
    await this.queue.close();
  }

  async #start(started: Stops): Promise<void> {
    const { redis, rules, log } = this.#parts;
    this.#lastWorkAt = performance.now();
    await redis.hset(this.queue.toKey('meta'), 'opts.maxLenEvents', EVENTS_KEPT);
    await this.limit.start(); // before the worker: a queue without a limit ignores holds
    started.defer(() => this.limit.stop());
    if (await this.brake.onStart()) await wakeRefused(redis, this.queue);
    const wordings = new Wordings(this.#parts.redis, this.keys, this.#alerts);
    await wordings.resolveKnown(rules);
    await this.chooser.start();
    started.defer(() => this.chooser.stop());

    const api = new FaxApiClient(this.#settings);
    this.#clients = [api];
    const report = new PollingReport(this.chooser, this.limit, log);
    const reporting = report.start();
    started.defer(() => reporting[Symbol.dispose]());
    const worker = this.#createWorker(this.#createPoller(api, wordings, report));
    // A second close waits for the first: for the jobs whose requests the API client has just cut off.
    started.deferWithin(LETTING_GO_MS, () => worker.close());
    started.defer(() => api.close());
    started.defer(() => worker.close());
    if (this.#settings.HISTORY_SWEEP === 'auto') this.#startSweeper(started);
    this.#key.attach(worker);
    started.defer(() => this.#key.close());
    worker.on('drained', () => this.chooser.onDrained());
    worker.run().catch((err: unknown) => log.error({ err }, 'worker stopped'));
    log.info({ queue: this.queue.name, concurrency: this.#settings.WORKER_CONCURRENCY }, 'worker started');
  }

  #startSweeper(started: Stops): void {
    const { redis, rules, log } = this.#parts;
    const { keys, limit, chooser, hints } = this;
    const list = new HistoryClient(this.#settings);
    this.#clients = [...this.#clients, list];
    const ask = async (page: number) => list.page(page);
    const parts = { redis, keys, limit, chooser, hints, record: this.#history, alerts: this.#alerts, rules, ask };
    const sweeper = new Sweeper({ ...parts, observer: this.#observer, log }, this.#settings);
    sweeper.start();
    started.defer(() => sweeper.stop());
    started.defer(() => list.close()); // which ends a sweep under way
  }

  #createPoller(api: FaxApiClient, wordings: Wordings, report: PollingReport): Poller {
    const { redis, rules, log } = this.#parts;
    const { keys, queue, limit, brake } = this;
    const clock = this.#clock;
    const parts = { queue, redis, keys, clock, limit, alerts: this.#alerts };
    const [answers, loneRefusals] = [new AnswerRecord(parts), new LoneRefusals(parts)];
    const balance = new BalanceWatch(parts, this.#settings.LOW_BALANCE_THRESHOLD);
    return new Poller(
      {
        gate: new ClaimGate(parts, this.#settings),
        clock,
        async ask(faxId) {
          const answer = await api.status(faxId);
          return { answer, verdict: classify(answer, rules) };
        },
        signals: new FleetSignals({
          brake,
          limit,
          clock,
          answers,
          loneRefusals,
          key: this.#key,
          wordings,
          balance,
          log,
        }),
        chooser: this.chooser,
        hints: this.hints,
        results: new ResultStore(redis, keys, this.#settings, this.name),
        notes: new Notes(redis, log),
        observer: report.counting(this.#observer),
      },
      this.#settings,
    );
  }

  #createWorker(poller: Poller) {
    const { redis, telemetry, log } = this.#parts;
    const process = (job: Job, token?: string) => {
      this.#lastWorkAt = performance.now();
      return poller.process(job, token ?? '');
    };
    return createWorker(this.queue, redis, process, this.#settings, log, telemetry);
  }
}
