import type { RateLimit } from '../limit/rate-limit.ts';
import type { Log } from '../log/log.ts';
import type { Chooser } from '../schedule/chooser.ts';
import { every } from '../timing/every.ts';
import type { PollObserver } from './observer.ts';

const EVERY_MS = 60_000;

/** Says in the log once a minute how this worker's polling goes, as long as it polls. */
export class PollingReport {
  readonly #chooser: Pick<Chooser, 'candidates' | 'worthMs'>;
  readonly #limit: Pick<RateLimit, 'current'>;
  readonly #log: Log;
  #polls = 0;
  #byNet = 0;

  constructor(chooser: Pick<Chooser, 'candidates' | 'worthMs'>, limit: Pick<RateLimit, 'current'>, log: Log) {
    this.#chooser = chooser;
    this.#limit = limit;
    this.#log = log;
  }

  start(): Disposable {
    return every(
      EVERY_MS,
      () => this.report(),
      () => undefined,
    );
  }

  /** Counts what the poller sees, on its way to another observer. */
  counting(observer: PollObserver): PollObserver {
    return {
      asking: (byNet) => {
        this.#polls += 1;
        if (byNet) this.#byNet += 1;
        observer.asking(byNet);
      },
      polled: (answer, verdict) => observer.polled(answer, verdict),
      finished: (result, lagCeilingMs) => observer.finished(result, lagCeilingMs),
      rejected: () => observer.rejected(),
    };
  }

  /** Reports the polls since the last report, if there were any. */
  report(): void {
    const [polls, byNet] = [this.#polls, this.#byNet];
    if (polls === 0) return;
    [this.#polls, this.#byNet] = [0, 0];
    const slots = (this.#limit.current * EVERY_MS) / 1000;
    const shareOfPace = Number((polls / slots).toFixed(3));
    const { candidates, worthMs } = this.#chooser;
    this.#log.info(
      { polls, shareOfPace, safetyNetPolls: byNet, candidates, lastWorthMs: Math.round(worthMs) },
      'polled in the last minute',
    );
  }
}
