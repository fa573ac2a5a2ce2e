import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Queue, type JobsOptions } from 'bullmq';
import { Redis } from 'ioredis';
import type { CallbackOptions } from '../../src/simulator/callbacks.ts';
import { fateOf } from '../../src/simulator/fate.ts';
import type { HistoryKind } from '../../src/simulator/history.ts';
import type { LimitKind } from '../../src/simulator/rate-limiter.ts';
import { Simulator } from '../../src/simulator/simulator.ts';
import { end, freePort } from '../support/redis-server.ts';
import { workerEnv } from '../support/worker-env.ts';
import type { TracedFax } from './trace.ts';

export const COMPRESSION = 10;
const WORKERS = 3;
const API_LATENCY_MS = 5;
const CALLBACK_SECRET = 'secret-of-the-bench';

/** Whose workers poll: the service, alone or with hints, or a peer written as a user would write it. */
export type System = 'faxwatch' | 'history' | 'callback' | 'exponential' | 'fixed';

export type RigOptions = {
  readonly system: System;
  readonly redisUrl: string;
  readonly name: string;
  /** Requests per second that the API allows, and as which kind of limit. */
  readonly perSecond: number;
  readonly kind?: LimitKind;
  /** The window in which it counts them, ms; a second by default. */
  readonly windowMs?: number;
  readonly workers?: number;
  /** What the list of faxes answers, and the most entries of its pages. */
  readonly history?: HistoryKind;
  readonly historyPageCap?: number;
  /** Share of callbacks, 0 to 1, that are lost. */
  readonly callbackLoss?: number;
  readonly env?: Record<string, string>;
};

const SERVICE = [fileURLToPath(new URL('../../src/cli.ts', import.meta.url)), 'worker'];
const FILES: Record<System, readonly string[]> = {
  faxwatch: SERVICE,
  history: SERVICE,
  callback: SERVICE,
  exponential: [fileURLToPath(new URL('./peer-worker.ts', import.meta.url))],
  fixed: [fileURLToPath(new URL('./peer-worker.ts', import.meta.url))],
};

// Time-compressed: 1 s doubling up to 300 s (see peer-worker.ts), and every 30 s.
const JOB_OPTIONS: Record<System, JobsOptions> = {
  faxwatch: {},
  history: {},
  callback: {},
  exponential: { attempts: 1e6, backoff: { type: 'capped exponential' } },
  fixed: { attempts: 1e6, backoff: { type: 'fixed', delay: 30_000 / COMPRESSION } },
};

/**
 * A stand-in API with a strict limit, a queue on a real Redis, and real worker processes that empty it. Times are ms.
 */
export class Rig {
  readonly simulator: Simulator;
  readonly #options: RigOptions;
  readonly #callbackPort: number;
  readonly #redis: Redis;
  readonly #queue: Queue;
  readonly #workers: ChildProcess[] = [];
  readonly #finishedAt = new Map<string, number>();
  readonly #took = new Map<string, number>();
  #timers: NodeJS.Timeout[] = [];

  private constructor(simulator: Simulator, options: RigOptions, callbackPort: number) {
    this.simulator = simulator;
    this.#options = options;
    this.#callbackPort = callbackPort;
    this.#redis = new Redis(options.redisUrl, { maxRetriesPerRequest: null });
    this.#queue = new Queue(options.name, { connection: this.#redis });
  }

  static async start(options: RigOptions): Promise<Rig> {
    const windowMs = options.windowMs ?? 1_000;
    const limit = {
      kind: options.kind ?? 'sliding-window',
      max: (options.perSecond * windowMs) / 1_000,
      windowMs,
    } as const;
    const callbackPort = options.system === 'callback' ? await freePort() : 0;
    const simulator = await Simulator.start({
      apiKey: 'bench',
      limit,
      latencyMs: API_LATENCY_MS,
      keepLog: true,
      ...(options.history && { history: options.history }),
      ...(options.historyPageCap && { historyPageCap: options.historyPageCap }),
      ...(callbackPort > 0 && { callback: callbacksTo(callbackPort, options.callbackLoss) }),
    });
    const rig = new Rig(simulator, options, callbackPort);
    await Promise.all(Array.from({ length: options.workers ?? WORKERS }, () => rig.#startWorker()));
    return rig;
  }

  /** Sends the faxes of a trace as their time comes. */
  feed(trace: readonly TracedFax[]): number {
    const start = Date.now();
    this.#timers = trace.map((fax) => setTimeout(() => void this.#send(fax), fax.atMs));
    return start;
  }

  /** Where callbacks are taken, by the system that takes them. */
  get callbackOrigin(): string {
    return `http://127.0.0.1:${this.#callbackPort}`;
  }

  /** When each fax that was sent finished, ms since 1970. */
  get finishedAt(): ReadonlyMap<string, number> {
    return this.#finishedAt;
  }

  /** How long the faxes took that finished in a window. */
  tookMs(from: number, to: number): number[] {
    return [...this.#finishedAt].filter(([, at]) => at >= from && at < to).map(([id]) => this.#took.get(id) ?? 0);
  }

  /** The API gives no answer from a time after now on, for so many ms. */
  outage(afterMs: number, ms: number): void {
    this.#timers.push(setTimeout(() => this.simulator.override({ code: 503 }), afterMs));
    this.#timers.push(setTimeout(() => this.simulator.override(undefined), afterMs + ms));
  }

  /** When each fax was first seen finished: when the API first answered so to a poll. */
  seenAt(): Map<string, number> {
    const seen = new Map<string, number>();
    for (const { faxId, at, code } of this.simulator.log) {
      if (faxId !== '' && code === 200 && at >= (this.#finishedAt.get(faxId) ?? Infinity) && !seen.has(faxId))
        seen.set(faxId, at);
    }
    return seen;
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    await Promise.all(this.#workers.map((worker) => end(worker, 'SIGTERM')));
    await this.#queue.close();
    this.#redis.disconnect();
    await this.simulator.stop();
  }

  async #send({ id, takesMs }: TracedFax): Promise<void> {
    this.simulator.send(id, fateOf('sent', takesMs));
    this.#finishedAt.set(String(id), Date.now() + takesMs);
    this.#took.set(String(id), takesMs);
    await this.#queue.add('poll', { faxJobId: id }, JOB_OPTIONS[this.#options.system]);
  }

  async #startWorker(): Promise<void> {
    const { system, redisUrl, name, perSecond, windowMs = 1_000, env } = this.#options;
    const worker = spawn(process.execPath, FILES[system], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        PATH: process.env['PATH'],
        ...workerEnv({ apiKey: 'bench', apiUrl: this.simulator.url, redisUrl, name, perSecond }),
        RATE_LIMIT_MAX: String((perSecond * windowMs) / 1_000),
        RATE_LIMIT_DURATION_MS: String(windowMs),
        RATE_LIMIT_HEADROOM: '0.03',
        POLL_MIN_INTERVAL_MS: String(5_000 / COMPRESSION),
        POLL_MAX_INTERVAL_MS: String(300_000 / COMPRESSION),
        POLL_DEADLINE_MS: String(86_400_000 / COMPRESSION),
        ...(system === 'history' && { HISTORY_SWEEP: 'auto' }),
        // One of the workers gets the port, the others go on without.
        ...(system === 'callback' && { CALLBACK_PORT: String(this.#callbackPort), CALLBACK_SECRET }),
        ...env,
      },
    });
    this.#workers.push(worker);
    await new Promise<void>((resolve, reject) => {
      worker.stdout.on('data', (line: Buffer) => {
        if (line.toString().includes('worker started')) resolve();
      });
      worker.once('exit', (code) => reject(new Error(`a worker of ${system} ended with ${code}`)));
    });
  }
}

const callbacksTo = (port: number, loss = 0): CallbackOptions => ({
  url: `http://127.0.0.1:${port}/callback/${CALLBACK_SECRET}`,
  repeatMs: (15 * 60_000) / COMPRESSION,
  loss,
});
