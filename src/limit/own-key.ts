import type { Worker } from 'bullmq';
import type { Log } from '../log/log.ts';
import { holdTime } from './hold-time.ts';

const MAX_FAXES = 10; // two are enough to know
const SEVERAL = 4;
const YIELD_MS = 1_000; // after a hold, other workers get this long to send the probe

/**
 * Whether the API takes this worker's own key. After a 401 the worker steps aside for the hold and a little longer, so
 * that another worker, which may have another key, sends the probe. If its key is refused for one fax after another
 * while other workers are answered, it stops by itself, and tries again at growing intervals.
 */
export class OwnKey {
  readonly #log: Log;
  readonly #faxes = new Map<string, boolean>(); // to whether the API has answered for it before
  #worker: Pick<Worker, 'pause' | 'resume'> | undefined;
  #since = 0;
  #stops = 0;
  #refused = false;
  #pausedUntil = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  /** The worker that steps aside. */
  attach(worker: Pick<Worker, 'pause' | 'resume'>): void {
    this.#worker = worker;
    this.#pausedUntil = 0;
  }

  /** Of how many faxes the 401s since the last other answer were. */
  get unauthorizedFaxes(): number {
    return this.#faxes.size;
  }

  /** When the first of them came, ms since 1970, by Redis's clock. */
  get unauthorizedSince(): number {
    return this.#since;
  }

  /** Whether this worker has stopped because its key is refused while those of others are accepted. */
  get refused(): boolean {
    return this.#refused;
  }

  /** @param known whether the API has answered for the fax before */
  onUnauthorized(faxId: string, known: boolean, now: number): void {
    if (this.#faxes.size === 0) this.#since = now;
    if (this.#faxes.size < MAX_FAXES) this.#faxes.set(faxId, known);
  }

  /** The key was taken. */
  onTaken(): void {
    this.#faxes.clear();
    if (this.#refused) this.#log.info('the key of this worker is taken again: polling goes on');
    this.#refused = false;
    this.#stops = 0;
  }

  /** Lets others send the probe after a hold of so many ms. */
  stepAside(heldMs: number): void {
    this.#pauseFor(heldMs + YIELD_MS);
  }

  /**
   * Stops polling for a while: this worker's key seems to be refused, and those of others are not. It is certain that
   * it is the key, and not a few faxes that are always refused, once the API has answered for one of them before, or
   * once there are several.
   */
  stop(): void {
    const certain = this.#faxes.size >= SEVERAL || [...this.#faxes.values()].includes(true);
    if (certain && !this.#refused) {
      this.#refused = true;
      this.#log.error(
        'the API refuses the key of this worker (401) and takes that of others: it stops polling; ' +
          'check its FAX_API_KEY',
      );
    }
    this.#pauseFor(holdTime('unauthorized', this.#stops, undefined, Math.random()));
    this.#stops += 1;
  }

  /** The worker has another key, of which nothing is known: it goes on at once. */
  renew(): void {
    this.#faxes.clear();
    this.#refused = false;
    this.#stops = 0;
    this.#pausedUntil = 0;
    clearTimeout(this.#timer);
    void this.#worker?.resume();
  }

  /** Takes no more turns. */
  close(): void {
    clearTimeout(this.#timer);
    this.#worker = undefined;
  }

  #pauseFor(ms: number): void {
    const worker = this.#worker;
    if (!worker) return;
    const until = performance.now() + ms;
    if (until < this.#pausedUntil) return;
    this.#pausedUntil = until;
    void worker.pause(true);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void worker.resume(), ms);
  }
}
