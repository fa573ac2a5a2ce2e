import type { Job } from 'bullmq';
import type { FaxJob, PayloadError } from '../contract/fax-job.ts';
import { keptProgress, type FaxProgress } from '../contract/progress.ts';
import { publicId, type FaxResult, type Outcome } from '../contract/result.ts';
import type { Answer } from '../fax-api/answer.ts';
import { oneLine } from '../fax-api/wording.ts';
import type { Log } from '../log/log.ts';
import type { RedisClient } from '../redis/redis-client.ts';
import { loadScript, type Script } from '../redis/script.ts';

const SHOWN_MESSAGE_CHARS = 200;
const KEPT_LOG_LINES = 20; // of a job's log on the dashboard

/**
 * What people see of a job: its progress on the dashboard, a line in its own log for each poll (both are bounded), and
 * the lines of the service's log.
 */
export class Notes {
  readonly #write: Script<null>;
  readonly #log: Log;

  constructor(redis: RedisClient, log: Log) {
    this.#write = loadScript(redis, new URL('./notes-add.lua', import.meta.url));
    this.#log = log;
  }

  rejected(job: Job, { message }: PayloadError): void {
    this.#log.warn({ jobId: job.id, reason: message }, 'job rejected: its data is not that of a fax job');
  }

  /** @param ms until the next poll at the latest */
  async later(job: Job, fax: FaxJob, progress: FaxProgress, answer: Answer, ms: number): Promise<void> {
    const { requestId } = answer;
    const words = said(answer);
    const faxJobId = publicId(fax.faxId);
    this.#log.debug({ requestId, faxJobId, polls: progress.polls, nextPollMs: Math.round(ms) }, words);
    await this.#add(job, progress, words);
  }

  async putBack(job: Job, progress: FaxProgress, answer: Answer): Promise<void> {
    await this.#add(job, progress, `${answer.kind}: back in the queue, as only the key of this worker is refused`);
  }

  async finished(job: Job, progress: FaxProgress, { state, reason }: Outcome, answer: Answer): Promise<void> {
    await this.#add(job, progress, `${state} (${reason}): ${said(answer)}`);
  }

  /** The one line about each fax in the service's log. */
  logFinished({ faxJobId, state, reason, polls }: FaxResult, { requestId }: Answer, lagCeilingMs: number): void {
    this.#log.info(
      { requestId, faxJobId, state, reason, polls, lagCeilingMs: Math.round(lagCeilingMs) },
      'fax finished',
    );
  }

  async #add(job: Job, progress: FaxProgress, words: string): Promise<void> {
    const key = `${job.queueQualifiedName}:${job.id}`;
    const line = `${progress.lastPollAt ?? ''} poll ${progress.polls}: ${words}`;
    await this.#write([key, `${key}:logs`], [JSON.stringify(keptProgress(progress)), line, KEPT_LOG_LINES]);
  }
}

/** An answer in a few words, for people. */
function said(answer: Answer): string {
  if (answer.kind === 'status') return oneLine(`${answer.apiStatus}: ${answer.message}`, SHOWN_MESSAGE_CHARS);
  return answer.kind === 'fault' ? `server fault (${answer.fault})` : answer.kind;
}
