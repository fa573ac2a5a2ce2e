import { Queue } from 'bullmq';
import { keysOf } from '../../../src/contract/keys.ts';
import { keptProgress, NOT_POLLED } from '../../../src/contract/progress.ts';
import { countsAt, MINUTE_MS, MINUTES_PER_HASH } from '../../../src/polling/counts.ts';
import { candidateScore } from '../../../src/schedule/in-flight.ts';
import { end } from '../../support/redis-server.ts';
import { cpuSeconds } from './cpu.ts';
import { Stage, upTo } from './stage.ts';

const DAY_MS = 86_400_000;
const YOUNGEST_MS = 5_000;
const BATCH = 5_000;
const WARM_UP_MS = 5_000;
const MEASURED_MS = 15_000;
const HEADROOM = 0.05;
const KEYS = keysOf('bench:');

export type SlotCost = {
  readonly perSecond: number;
  /** Of the limit less the headroom, how much was used. */
  readonly used: number;
  /** Redis commands for each slot, those within scripts included. */
  readonly commands: number;
  /** Redis's CPU time for each slot, ms. */
  readonly redisMs: number;
  /** The worker's CPU time for each slot, ms. */
  readonly workerMs: number;
};

/**
 * What a slot costs at several paces, with so many faxes in flight that each was polled before: their ages are spread
 * evenly by their logarithm, from seconds to a day, as many bins as there can be.
 *
 * @param paces requests per second
 */
export async function slotCosts(faxes: number, paces: readonly number[]): Promise<SlotCost[]> {
  const stage = await Stage.start(1, Number.MAX_SAFE_INTEGER);
  await fill(stage, faxes);
  const costs = [];
  for (const perSecond of paces) costs.push(await slotCost(stage, perSecond));
  await stage.stop();
  return costs;
}

async function fill(stage: Stage, faxes: number): Promise<void> {
  const queue = new Queue('bench', { connection: stage.redis });
  const now = Date.now();
  for (let from = 0; from < faxes; from += BATCH) {
    const batch = upTo(Math.min(BATCH, faxes - from)).map((i) => {
      const ageMs = YOUNGEST_MS * (DAY_MS / 2 / YOUNGEST_MS) ** Math.random();
      return { faxId: String(from + i), enqueuedAt: now - ageMs, pendingAt: now - (ageMs / 2) * Math.random() };
    });
    const jobs = await queue.addBulk(
      batch.map(({ faxId, enqueuedAt }) => ({
        name: 'poll',
        data: { faxJobId: Number(faxId) },
        opts: { delay: DAY_MS, timestamp: Math.round(enqueuedAt) },
      })),
    );
    const pipeline = stage.redis.pipeline();
    batch.forEach(({ faxId, enqueuedAt, pendingAt }, i) => {
      const at = new Date(pendingAt).toISOString();
      const progress = keptProgress({ ...NOT_POLLED, polls: 1, lastPollAt: at, lastPendingAt: at });
      const jobId = jobs[i]?.id ?? '';
      pipeline.hset(queue.toKey(jobId), 'progress', JSON.stringify(progress));
      pipeline.set(KEYS.lease(faxId), jobId, 'PX', DAY_MS);
      pipeline.zadd(KEYS.inFlight, enqueuedAt, faxId);
      pipeline.zadd(KEYS.candidates, candidateScore(pendingAt - enqueuedAt, pendingAt), faxId);
    });
    await pipeline.exec();
  }
  await queue.close();
}

async function slotCost(stage: Stage, perSecond: number): Promise<SlotCost> {
  const worker = stage.work(undefined, {
    RATE_LIMIT_MAX: String(perSecond * 60),
    RATE_LIMIT_DURATION_MS: '60000',
    RATE_LIMIT_HEADROOM: String(HEADROOM),
  });
  const taken = async () => ({ ...(await redisState(stage)), workerMs: cpuSeconds(worker.pid) * 1000 });
  while ((await requests(stage)) === 0) await pause(200);
  await pause(WARM_UP_MS);
  const [before, started] = [await taken(), performance.now()];
  await pause(MEASURED_MS);
  const [after, seconds] = [await taken(), (performance.now() - started) / 1000];
  await end(worker, 'SIGTERM'); // a killed one would count as alive, with its pace, for some seconds
  await stage.redis.del(...countKeys());
  const slots = after.requests - before.requests;
  return {
    perSecond,
    used: slots / seconds / (perSecond * (1 - HEADROOM)),
    commands: (after.commands - before.commands) / slots,
    redisMs: (after.redisMs - before.redisMs) / slots,
    workerMs: (after.workerMs - before.workerMs) / slots,
  };
}

async function redisState(stage: Stage): Promise<{ commands: number; redisMs: number; requests: number }> {
  const info = await stage.redis.info('everything');
  const field = (name: string): number => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1]);
  return {
    commands: field('total_commands_processed'),
    redisMs: (field('used_cpu_user') + field('used_cpu_sys')) * 1000,
    requests: await requests(stage),
  };
}

/** Requests so far, as the service itself counts them. */
async function requests({ redis }: Stage): Promise<number> {
  const hashes = await Promise.all(countKeys().map((key) => redis.hgetall(key)));
  const fields = hashes.flatMap((hash) => Object.entries(hash));
  return fields.reduce((sum, [field, count]) => (field.endsWith('r') ? sum + Number(count) : sum), 0);
}

/** The hash of these ten minutes, and that of those before. */
function countKeys(): string[] {
  const now = Date.now();
  return [now, now - MINUTE_MS * MINUTES_PER_HASH].map((at) => countsAt(KEYS, at).key);
}

const pause = async (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
