import type { Job } from 'bullmq';
import type { Answer } from '../fax-api/answer.ts';
import { oneLine } from '../fax-api/wording.ts';
import type { RedisClient } from '../redis/redis-client.ts';
import { loadScript, type Script } from '../redis/script.ts';
import type { RefusalScope } from '../limit/refusal-scope.ts';
import { keptProgress, type FaxProgress } from '../contract/progress.ts';

const SHOWN_MESSAGE_CHARS = 200;
const KEPT_LOG_LINES = 20; // of a job's log on the dashboard

/**
 * A fax's progress after an answer.
 *
 * @param now the time of Redis, ms since 1970
 * @param scope whom a refusal was about; undefined if the answer was none
 */
export function progressAfter(
  before: FaxProgress,
  answer: Answer,
  now: number,
  scope: RefusalScope | undefined,
): FaxProgress {
  const { apiStatus, message } =
    answer.kind === 'status' ? answer : { apiStatus: before.apiStatus, message: before.lastMessage };
  const at = new Date(now).toISOString();
  const answered = answer.kind === 'status' || answer.kind === 'not_found';
  const refused = scope === 'everyone' || scope === 'fax'; // a refusal of the worker's key says nothing of the fax
  return {
    polls: before.polls + 1,
    faults: answer.kind === 'fault' || scope === 'fax' ? before.faults + 1 : answered ? 0 : before.faults,
    apiStatus,
    lastMessage: message,
    lastPollAt: at,
    lastPendingAt: answered ? at : before.lastPendingAt,
    nextPollAt: null,
    claimedAt: before.claimedAt,
    refusedAt: refused ? at : answered ? null : before.refusedAt,
    leftOver: false,
    refusedAlone: scope === 'fax' || (!answered && before.refusedAlone),
  };
}

/** An answer in a few words, for people. */
export function said(answer: Answer): string {
  if (answer.kind === 'status') return oneLine(`${answer.apiStatus}: ${answer.message}`, SHOWN_MESSAGE_CHARS);
  return answer.kind === 'fault' ? `server fault (${answer.fault})` : answer.kind;
}

/** What the dashboard shows of a job: its progress, and a line in its log for each poll. Both are bounded. */
export class Notes {
  readonly #write: Script<null>;

  constructor(redis: RedisClient) {
    this.#write = loadScript(redis, new URL('./notes-add.lua', import.meta.url));
  }

  async add(job: Job, progress: FaxProgress, line: string): Promise<void> {
    const key = `${job.queueQualifiedName}:${job.id}`;
    await this.#write(
      [key, `${key}:logs`],
      [
        JSON.stringify(keptProgress(progress)),
        `${progress.lastPollAt ?? ''} poll ${progress.polls}: ${line}`,
        KEPT_LOG_LINES,
      ],
    );
  }
}
