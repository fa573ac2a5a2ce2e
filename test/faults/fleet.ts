import { fateOf, type FateName } from '../../src/simulator/fate.ts';
import { Harness } from '../support/harness.ts';
import type { TestRedis } from '../support/redis-server.ts';
import { CliProcess } from '../support/worker-process.ts';

const FATES: readonly FateName[] = ['sent', 'sent', 'sent', 'busy', 'no-answer', 'hangup'];
const STATES: Readonly<Record<string, string>> = { sent: 'sent ok', busy: 'failed busy', 'no-answer': 'failed no_answer', hangup: 'failed hangup' };

/** What must be zero after any fault, and how much was put up with. */
export type Losses = { lost: number; wrong: number; twice: number; unpublished: number; failedJobs: number; overLimit: number };
export const NO_LOSSES: Losses = { lost: 0, wrong: 0, twice: 0, unpublished: 0, failedJobs: 0, overLimit: 0 };

/** Real worker processes on a real Redis, faxes with known fates, and a count of what went wrong. */
export class FaultyFleet {
  readonly harness: Harness;
  readonly #workers: CliProcess[] = [];
  readonly #expected = new Map<number, string>();
  kills = 0;

  private constructor(harness: Harness) {
    this.harness = harness;
  }

  static async start(redis: TestRedis, workers: number): Promise<FaultyFleet> {
    const harness = await Harness.start({
      redisUrl: redis.url,
      run: false,
      simulator: { limit: { kind: 'sliding-window', max: 200, windowMs: 1_000 } },
      env: { RATE_LIMIT_MAX: '200', POLL_MIN_INTERVAL_MS: '200', POLL_MAX_INTERVAL_MS: '2000', LOCK_DURATION_MS: '1000', STALLED_INTERVAL_MS: '500' },
    });
    const fleet = new FaultyFleet(harness);
    for (let i = 0; i < workers; i += 1) fleet.#workers.push(fleet.#spawn());
    return fleet;
  }

  /** Enqueues faxes that finish after up to `withinMs`. */
  async send(count: number, withinMs: number): Promise<void> {
    for (let i = 0; i < count; i += 1) {
      const id = this.#expected.size + 1;
      const fate = FATES[id % FATES.length] as FateName;
      this.#expected.set(id, STATES[fate] ?? '');
      this.harness.simulator.send(id, fateOf(fate, (withinMs * i) / count));
      await this.harness.enqueue(id);
    }
  }

  /** `kill -9` of one worker, and another in its place. */
  async kill(): Promise<void> {
    const index = this.kills % this.#workers.length;
    this.kills += 1;
    await this.#workers[index]?.exit('SIGKILL');
    this.#workers[index] = this.#spawn();
  }

  /** How many faxes have their result. */
  async finished(): Promise<number> {
    return this.harness.redis.xlen(`${this.harness.settings.KEY_PREFIX}events`);
  }

  get size(): number {
    return this.#expected.size;
  }

  async losses(): Promise<Losses> {
    const { redis, settings, simulator, events, queue } = this.harness;
    const losses = { ...NO_LOSSES };
    const entries = await redis.xrange(`${settings.KEY_PREFIX}events`, '-', '+');
    const inStream = entries.map(([, fields]) => (JSON.parse(fields[1] ?? '') as { subject: string }).subject);
    for (const [id, expected] of this.#expected) {
      const { state, reason } = await this.harness.result(id);
      if (state === undefined) losses.lost += 1;
      else if (`${state} ${reason ?? ''}` !== expected) losses.wrong += 1;
      const times = inStream.filter((subject) => subject === String(id)).length;
      if (times > 1) losses.twice += 1;
      if (!events.some(({ subject }) => subject === String(id))) losses.unpublished += 1;
    }
    losses.failedJobs = await queue.getFailedCount();
    losses.overLimit = simulator.refusals;
    return losses;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.exit('SIGTERM')));
    await this.harness.stop();
  }

  #spawn(): CliProcess {
    return new CliProcess(['worker'], { ...this.harness.env, LOG_LEVEL: 'info' });
  }
}

