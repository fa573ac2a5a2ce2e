import type { FaxCompletedEvent } from '../../src/contract/event.ts';
import { fateOf, type FateName, type SimulatedAnswer } from '../../src/simulator/fate.ts';
import { Harness, TEST_KEY, type HarnessOptions } from '../support/harness.ts';
import { leaks, pageTexts, redisTexts } from '../support/leaks.ts';
import { freePort } from '../support/redis-server.ts';
import { CliProcess } from '../support/worker-process.ts';

/** How many faxes each fault is put through: many with `npm run test:faults`, a few with `npm test`. */
export const FAXES = Number(process.env['FAULT_FAXES'] ?? 200);

const FATES: readonly FateName[] = ['sent', 'sent', 'sent', 'busy', 'no-answer', 'hangup'];
const STATES: Readonly<Record<string, string>> = {
  sent: 'sent ok',
  busy: 'failed busy',
  'no-answer': 'failed no_answer',
  hangup: 'failed hangup',
};

/** What must be zero after any fault. */
export type Losses = {
  /** Faxes without a result. */
  lost: number;
  /** Faxes whose result is not what became of them. */
  wrong: number;
  /** Faxes with more than one entry in the stream, or with publications that differ. */
  twice: number;
  /** Gaps in what was published, in the order of the stream, beyond those for which the subscriber itself was away. */
  unpublished: number;
  failedJobs: number;
  /** Requests that the API's limit refused. */
  overLimit: number;
  /** Leases and faxes in flight that are left though all are finished: memory that would grow. */
  leftOver: number;
  /** Logs, keys of Redis and pages with the API key in them. */
  leaked: number;
};
export const NO_LOSSES: Losses = {
  lost: 0,
  wrong: 0,
  twice: 0,
  unpublished: 0,
  failedJobs: 0,
  overLimit: 0,
  leftOver: 0,
  leaked: 0,
};

export type FleetOptions = Pick<HarnessOptions, 'redisUrl' | 'connect' | 'env'> & {
  readonly workers: number;
  /** What only the workers get: another way to Redis, say. */
  readonly workerEnv?: Record<string, string>;
  /** Whether to wait until the workers have started. */
  readonly started?: boolean;
};

/** Real worker processes on a real Redis, faxes with known fates, and a count of what went wrong. */
export class FaultyFleet {
  readonly harness: Harness;
  readonly workers: CliProcess[] = [];
  readonly #expected = new Map<number, string>();
  readonly #workerEnv: Record<string, string>;
  readonly #port: number;
  /** The output of workers that were ended. */
  readonly #past: string[] = [];
  kills = 0;

  private constructor(harness: Harness, workerEnv: Record<string, string>, port: number) {
    this.harness = harness;
    this.#workerEnv = workerEnv;
    this.#port = port;
  }

  static async start({ workers, workerEnv = {}, started = true, env, ...options }: FleetOptions): Promise<FaultyFleet> {
    const harness = await Harness.start({
      ...options,
      run: false,
      simulator: { limit: { kind: 'sliding-window', max: 200, windowMs: 1_000 } },
      env: {
        RATE_LIMIT_MAX: '200',
        POLL_MIN_INTERVAL_MS: '200',
        POLL_MAX_INTERVAL_MS: '2000',
        LOCK_DURATION_MS: '1000',
        STALLED_INTERVAL_MS: '500',
        ...env,
      },
    });
    const fleet = new FaultyFleet(harness, workerEnv, await freePort());
    for (let i = 0; i < workers; i += 1) fleet.workers.push(fleet.#spawn(i));
    if (started) await Promise.all(fleet.workers.map((worker) => worker.line(/worker started/)));
    return fleet;
  }

  /** Enqueues faxes that finish after up to `withinMs`, each met by some answers first. */
  async send(
    count: number,
    withinMs: number,
    firstAnswers: (index: number) => readonly SimulatedAnswer[] = () => [],
  ): Promise<void> {
    for (let i = 0; i < count; i += 1) {
      const id = this.#expected.size + 1;
      const fate = FATES[id % FATES.length] as FateName;
      this.expect(id, STATES[fate] ?? '');
      this.harness.simulator.send(id, { ...fateOf(fate, (withinMs * i) / count), first: firstAnswers(i) });
      await this.harness.enqueue(id);
    }
  }

  /** Counts a fax in that the test itself has enqueued. @param outcome its state and reason */
  expect(id: number, outcome: string): void {
    this.#expected.set(id, outcome);
  }

  /** What the workers have logged, those that were ended among them. */
  get outputs(): string[] {
    return [...this.#past, ...this.workers.map(({ output }) => output)];
  }

  /** The worker that `kill` ends next. */
  get nextVictim(): CliProcess {
    return this.workers[this.kills % this.workers.length] as CliProcess;
  }

  /** Ends one worker, and starts another in its place. */
  async kill(index = this.kills % this.workers.length, signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> {
    this.kills += 1;
    const code = await this.workers[index]?.exit(signal);
    this.#past.push(this.workers[index]?.output ?? '');
    this.workers[index] = this.#spawn(index);
    return code ?? null;
  }

  /** How many faxes have their result; 0 while Redis cannot say. */
  async finished(): Promise<number> {
    return this.harness.redis.xlen(`${this.harness.settings.KEY_PREFIX}events`).catch(() => 0);
  }

  /** Does something again and again until all faxes are finished. @returns how often */
  async disturb(fault: () => Promise<unknown>): Promise<number> {
    for (let times = 0; ; times += 1) {
      if ((await this.finished()) >= this.#expected.size) return times;
      await fault();
    }
  }

  /** Waits until all faxes are finished and published, as far as they are. */
  async end(): Promise<void> {
    await this.disturb(() => new Promise((resolve) => setTimeout(resolve, 50)));
    await this.harness.untilAsync(async () =>
      (await this.harness.queue.getJobCountByTypes('active', 'wait', 'delayed')) === 0 ? true : undefined,
    );
  }

  /**
   * What went wrong; and a line of it for people.
   *
   * @param subscriberAway how often the subscriber may have lost its connection: each time it misses what is published
   * until it is back, in one gap. The stream has that too. A publication that was never made leaves a gap of its own.
   */
  async losses(fault: string, times: number, subscriberAway = 0): Promise<Losses> {
    await this.end();
    const { redis, settings, simulator, events, queue } = this.harness;
    const losses = { ...NO_LOSSES };
    const entries = await redis.xrange(`${settings.KEY_PREFIX}events`, '-', '+');
    const inStream = entries.map(([, fields]) => (JSON.parse(fields[1] ?? '') as { subject: string }).subject);
    for (const [id, expected] of this.#expected) {
      const { state, reason } = await this.harness.result(id);
      if (state === undefined) losses.lost += 1;
      else if (`${state} ${reason ?? ''}` !== expected) losses.wrong += 1;
      const published = events.filter(({ subject }) => subject === String(id));
      if (inStream.filter((subject) => subject === String(id)).length !== 1 || differ(published)) losses.twice += 1;
      losses.leftOver += await redis.exists(`${settings.KEY_PREFIX}lease:${id}`);
    }
    const heard = new Set(events.map(({ subject }) => subject));
    const missing = inStream.map((subject) => !heard.has(subject));
    const gaps = missing.filter((isMissing, i) => isMissing && missing[i - 1] !== true).length;
    losses.unpublished = Math.max(0, gaps - subscriberAway);
    losses.leftOver += await redis.zcard(`${settings.KEY_PREFIX}inflight`);
    losses.failedJobs = await queue.getFailedCount();
    losses.overLimit = simulator.refusals;
    losses.leaked = (await this.#leaks()).length;
    process.stderr.write(`${fault}: ${this.#expected.size} faxes, ${times} times, ${JSON.stringify(losses)}\n`);
    return losses;
  }

  async stop(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.exit('SIGTERM')));
    await this.harness.stop();
  }

  async #leaks(): Promise<string[]> {
    await this.workers[0]?.line(/worker started/);
    const jobs = await this.harness.queue.getJobs(['completed', 'failed'], 0, 5);
    const pages = await pageTexts(
      `http://127.0.0.1:${this.#port}`,
      this.harness.settings.QUEUE_NAME,
      jobs.map(({ id }) => id ?? ''),
    );
    const logs = this.outputs.map((text, i) => [`log ${i}`, text] as const);
    return leaks(TEST_KEY, new Map([...pages, ...logs, ...(await redisTexts(this.harness.redis))]));
  }

  /** The first worker serves pages too. */
  #spawn(index: number): CliProcess {
    const env = { ...this.harness.env, LOG_LEVEL: 'debug', ...this.#workerEnv };
    return index === 0
      ? new CliProcess(['start'], { ...env, DASHBOARD_PORT: String(this.#port) })
      : new CliProcess(['worker'], env);
  }
}

const differ = (events: readonly FaxCompletedEvent[]): boolean =>
  new Set(events.map((event) => JSON.stringify(event))).size > 1;
