import type { Answer } from '../fax-api/answer.ts';
import type { Verdict } from '../fax-api/classify.ts';
import type { FaxResult } from '../contract/result.ts';

/** Learns what the poller sees, for the metrics. Called after the fact; must not throw. */
export type PollObserver = {
  /** A request goes out. @param byNet whether its fax comes from the safety net, and was not chosen */
  asking(byNet: boolean): void;
  /** One request was answered. */
  polled(answer: Answer, verdict: Verdict): void;
  /**
   * A fax has its result.
   *
   * @param lagCeilingMs time since the last poll that found it not final: it finished at most so long ago
   */
  finished(result: FaxResult, lagCeilingMs: number): void;
  /** A job was refused for its data. */
  rejected(): void;
};
