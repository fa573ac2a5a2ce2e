import type { Queue } from 'bullmq';
import type { Keys } from '../contract/keys.ts';
import { parseFaxJob } from '../contract/fax-job.ts';
import { parseProgress } from '../contract/progress.ts';
import { fromHash } from '../contract/result.ts';
import { decodeHint } from '../hints/hint.ts';
import { HistoryRecord } from '../hints/history-record.ts';
import { faxIdOf, STORED_JOB_FIELDS, watches, type StoredJob } from '../redis/fax-of-job.ts';
import type { RedisClient } from '../redis/redis-client.ts';
import { greatestInterval, type IntervalBounds } from '../schedule/choose.ts';
import type { ModelStore } from '../schedule/model-store.ts';
import { SurvivalCurve } from '../schedule/worth.ts';
import type { Settings } from '../settings/table.ts';
import { within } from '../timing/within.ts';
import { readDayCounts } from './read-day-counts.ts';
import { nextPoll } from './next-poll.ts';
import { pollAges, survivalPoints } from './poll-ages.ts';
import { wrongTypes } from './wrong-types.ts';
import type { AccountState, FaxView, FleetState, PollLine, UnknownWording } from './state.ts';

export type OverviewSettings = Pick<
  Settings,
  'RATE_LIMIT_MAX' | 'RATE_LIMIT_DURATION_MS' | 'POLL_MIN_INTERVAL_MS' | 'POLL_MAX_INTERVAL_MS' | 'POLL_DEADLINE_MS'
>;

/** An account to show: a queue, polled with one key. */
export type OverviewAccount = {
  /** Undefined in a service without accounts. */
  readonly name: string | undefined;
  readonly queue: Queue;
  readonly redis: RedisClient;
  readonly keys: Keys;
  readonly model: ModelStore;
  /** Reads the state of its workers; rejects if Redis does not answer in time. */
  readonly fleet: { read(timeoutMs: number): Promise<FleetState> };
  /** Tells why results cannot be stored. */
  readonly storage: { check(): Promise<string | undefined> };
  readonly ownKeyRefused: () => boolean;
  readonly settings: OverviewSettings;
};

const PATIENCE_MS = 2_000; // the page is there within 3 s
const ALIVE_MS = 10_000; // a worker says every second that it is alive
const LAST_DATE = Date.UTC(9999, 11, 31); // a deadline may be any number of ms
const SHOWN_WORDINGS = 20;
const LOOKED_THROUGH = 1_000; // finished jobs, for the one of a fax

/** Redis gave no answer in time. */
class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
}

/** Reads what the pages show of an account. It changes nothing. */
export class AccountReader {
  readonly #account: OverviewAccount;
  readonly #history: HistoryRecord;

  constructor(account: OverviewAccount) {
    this.#account = account;
    this.#history = new HistoryRecord(account.redis, account.keys);
  }

  /** The account now; undefined while Redis gives no answer. Never rejects, and answers within 3 s. */
  async state(): Promise<AccountState | undefined> {
    return within(
      PATIENCE_MS,
      this.#state().catch(() => undefined),
    );
  }

  /**
   * One fax: undefined if it is not known.
   *
   * @throws NoAnswerError while Redis gives no answer
   */
  async fax(faxId: string): Promise<FaxView | undefined> {
    return within(PATIENCE_MS, this.#fax(faxId), () => new NoAnswerError('redis gives no answer'));
  }

  async #state(): Promise<AccountState> {
    const { redis, keys, queue, fleet, storage, settings, ownKeyRefused } = this.#account;
    const now = await this.#now();
    const [state, workers, storageProblem, foreign, ...others] = await Promise.all([
      fleet.read(PATIENCE_MS),
      this.#workers(now),
      storage.check(),
      wrongTypes(redis, keys, queue),
      this.#history.read(),
      redis.hgetall(keys.wordings),
      readDayCounts(redis, keys, now),
      this.#curve(),
      redis.get(keys.slotWorth),
    ]);
    const [history, wordings, counts, curve, slotWorth] = others;
    const bounds = this.#bounds(state);
    return {
      now,
      fleet: state,
      workers,
      limitPerSecond: (settings.RATE_LIMIT_MAX * 1_000) / settings.RATE_LIMIT_DURATION_MS,
      ownKeyRefused: ownKeyRefused(),
      storageProblem,
      wrongTypes: foreign,
      historyStoppedUntil: history.trust.stoppedUntil > now ? history.trust.stoppedUntil : undefined,
      wordings: Object.values(wordings).slice(0, SHOWN_WORDINGS).map(readWording),
      counts,
      durations: { survival: survivalPoints(curve), pollAges: pollAges(curve, bounds, Number(slotWorth ?? 0)) },
    };
  }

  async #fax(faxId: string): Promise<FaxView | undefined> {
    const { redis, keys, queue, settings } = this.#account;
    const hash = await redis.hgetall(keys.status(faxId));
    if (Object.keys(hash).length > 0) {
      const jobId = await this.#finishedJob(faxId);
      const polls = jobId === undefined ? [] : await this.#polls(jobId);
      return { faxId, queue: queue.name, jobId, polls, kind: 'finished', result: fromHash(hash) };
    }
    const jobId = await this.#jobInFlight(faxId);
    const job = jobId === undefined ? undefined : await queue.getJob(jobId);
    if (!job || jobId === undefined) return undefined;
    const { metadata, deadlineMs } = parseFaxJob(job.data);
    const progress = parseProgress(job.progress);
    const now = await this.#now();
    const [fleet, hint, hinted, candidate, chosen, polls, curve, slotWorth] = await Promise.all([
      this.#account.fleet.read(PATIENCE_MS),
      redis.hget(keys.hints, faxId),
      redis.zscore(keys.hinted, faxId),
      redis.zscore(keys.candidates, faxId),
      redis.zscore(keys.chosen, faxId),
      this.#polls(jobId),
      this.#curve(),
      redis.get(keys.slotWorth),
    ]);
    const pendingAt = progress.lastPendingAt === null ? job.timestamp : Date.parse(progress.lastPendingAt);
    const from = Math.max(0, pendingAt - job.timestamp);
    const [nextAge] = pollAges(curve, this.#bounds(fleet), Number(slotWorth ?? 0), from);
    const next = nextPoll({
      progress,
      brake: fleet.brake,
      paused: fleet.paused,
      hinted: hinted !== null,
      candidate: candidate !== null,
      chosen: chosen !== null,
      expectedAt: nextAge === undefined ? undefined : job.timestamp + nextAge,
      now,
    });
    const source = hint === null ? undefined : decodeHint(hint)?.source;
    return {
      faxId,
      queue: queue.name,
      jobId,
      polls,
      kind: 'in-flight',
      enqueuedAt: new Date(job.timestamp).toISOString(),
      deadlineAt: new Date(
        Math.min(LAST_DATE, job.timestamp + (deadlineMs ?? settings.POLL_DEADLINE_MS)),
      ).toISOString(),
      metadata,
      pollCount: progress.polls,
      lastMessage: progress.lastMessage,
      next,
      hint: source && HINTED_BY[source],
    };
  }

  /** The job that has the lease; before a worker has seen it, the one that an id of the contract names. */
  async #jobInFlight(faxId: string): Promise<string | undefined> {
    const { redis, keys, queue } = this.#account;
    const named = `fax-${faxId}`;
    const [owner, deduplicated] = await Promise.all([redis.get(keys.lease(faxId)), queue.getDeduplicationJobId(named)]);
    const ids = [owner, deduplicated, named].filter((id) => id !== null);
    return this.#firstOf(ids, (job) => watches(job, faxId));
  }

  async #finishedJob(faxId: string): Promise<string | undefined> {
    const { redis, queue } = this.#account;
    const newest = await redis.zrange(queue.toKey('completed'), '0', String(LOOKED_THROUGH - 1), 'REV');
    return this.#firstOf([`fax-${faxId}`, ...newest], ([data]) => data && faxIdOf(parsed(data)) === faxId);
  }

  async #firstOf(jobIds: readonly string[], suits: (job: StoredJob) => unknown): Promise<string | undefined> {
    const { redis, queue } = this.#account;
    const pipeline = redis.pipeline();
    for (const jobId of jobIds) pipeline.hmget(queue.toKey(jobId), ...STORED_JOB_FIELDS);
    const replies = (await pipeline.exec()) ?? [];
    return jobIds.find((_, i) => {
      const [error, job] = replies[i] ?? [];
      return !error && job !== undefined && suits(job as StoredJob);
    });
  }

  async #polls(jobId: string): Promise<PollLine[]> {
    const { logs } = await this.#account.queue.getJobLogs(jobId);
    return logs.flatMap((line) => readPollLine(line) ?? []);
  }

  async #workers(now: number): Promise<number> {
    const entries = await this.#account.redis.hvals(this.#account.keys.ceilings);
    return entries.filter((entry) => now - Number(entry.split(' ')[1]) <= ALIVE_MS).length;
  }

  async #curve(): Promise<SurvivalCurve> {
    return SurvivalCurve.of(await this.#account.model.read());
  }

  #bounds({ pacePerSecond, jobs }: FleetState): IntervalBounds {
    const { POLL_MIN_INTERVAL_MS: minMs, POLL_MAX_INTERVAL_MS: maxMs } = this.#account.settings;
    const inFlight = jobs.wait + jobs.active + jobs.delayed + jobs.prioritized;
    return { minMs, maxMs: pacePerSecond === undefined ? maxMs : greatestInterval(maxMs, inFlight, pacePerSecond) };
  }

  async #now(): Promise<number> {
    const [seconds, micros] = await this.#account.redis.time();
    return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
  }
}

const HINTED_BY = { history: 'by the list of faxes', callback: 'by a callback' } as const;

function readWording(json: string): UnknownWording {
  const said = parsed(json) as Partial<UnknownWording> | undefined;
  return { apiStatus: said?.apiStatus ?? '', message: said?.message ?? '' };
}

/** A line of a job's log as notes.ts writes it. */
function readPollLine(line: string): PollLine | undefined {
  const { at, poll, said } = /^(?<at>\S+Z) poll (?<poll>\d+): (?<said>.*)$/s.exec(line)?.groups ?? {};
  return at === undefined || said === undefined ? undefined : { at, poll: Number(poll), said };
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
