import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { end, startTestRedis } from '../../support/redis-server.ts';

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** What is measured: the service's worker, and what it is compared to. */
export const SUBJECTS = {
  faxwatch: { args: [file('../../../src/cli.ts'), 'worker'], queue: true, env: {} },
  bare: { args: [file('./bare-worker.ts')], queue: true, env: {} },
  empty: { args: [file('./empty-worker.ts')], queue: true, env: {} },
  got: { args: [file('./requests.ts')], queue: false, env: { CLIENT: 'got' } },
  undici: { args: [file('./requests.ts')], queue: false, env: { CLIENT: 'undici' } },
} as const;
export type Subject = keyof typeof SUBJECTS;

const WARM_UP = 0.2; // share of the polls before the clock starts

/**
 * One process of a subject empties a queue of faxes, against an API that answers in 1 ms, with no limit in its way.
 *
 * @param polls each fax takes
 * @returns polls per second (jobs per second for `empty`)
 */
export async function throughput(subject: Subject, faxes: number, polls: number): Promise<number> {
  return run(subject, faxes, polls, async (_redis, { seconds }) => (faxes * (subject === 'empty' ? 1 : polls) * (1 - WARM_UP)) / (await seconds));
}

/** Commands that Redis runs for one poll: those that the process sends, and those that its scripts call. */
export async function commandsPerPoll(subject: Subject, faxes: number, polls: number): Promise<{ sent: number; inScripts: number }> {
  return run(subject, faxes, polls, async (redis, { finished }) => {
    const monitor = await redis.duplicate().monitor();
    let [sent, inScripts] = [0, 0];
    monitor.on('monitor', (_time: string, _args: string[], source: string) => (source === 'lua' ? (inScripts += 1) : (sent += 1)));
    await finished;
    monitor.disconnect();
    return { sent: sent / (faxes * polls), inScripts: inScripts / (faxes * polls) };
  });
}

/** `finished` when the last event is published; `seconds` from the end of the warm-up to the last answer. */
type Clock = { readonly finished: Promise<number>; readonly seconds: Promise<number> };

async function run<T>(subject: Subject, faxes: number, polls: number, measure: (redis: Redis, clock: Clock) => Promise<T>): Promise<T> {
  const redisServer = await startTestRedis();
  const env = { PATH: process.env['PATH'] ?? '', FINAL_AT: String(polls), FAXES: String(faxes) };
  const api = spawn(process.execPath, [file('./api.ts')], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const told = createInterface({ input: api.stdout })[Symbol.asyncIterator]();
  const { value: url = '' } = await told.next();
  const redis = new Redis(redisServer.url, { maxRetriesPerRequest: null });
  const { args, queue: fromQueue, env: own } = SUBJECTS[subject];
  if (fromQueue) await enqueue(redis, faxes);

  const subscriber = redis.duplicate();
  const jobs = countEvents(subscriber, faxes);
  const answers = told.next().then(({ value }) => Number(value));
  const measured = measure(redis, { finished: jobs, seconds: subject === 'empty' ? jobs : answers });
  const worker = spawn(process.execPath, [...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...env,
      ...own,
      FAX_API_KEY: 'bench',
      FAX_API_BASE_URL: url,
      REDIS_URL: redisServer.url,
      QUEUE_NAME: 'bench',
      KEY_PREFIX: 'bench:',
      RATE_LIMIT_MAX: '1000000',
      RATE_LIMIT_DURATION_MS: '1000',
      RATE_LIMIT_HEADROOM: '0',
      POLL_MIN_INTERVAL_MS: '1',
      WORKER_CONCURRENCY: '50',
      DASHBOARD_PORT: '0',
    },
  });
  const found = await measured;
  await Promise.all([end(worker), end(api)]);
  subscriber.disconnect();
  redis.disconnect();
  await redisServer.stop();
  return found;
}

async function enqueue(redis: Redis, faxes: number): Promise<void> {
  const queue = new Queue('bench', { connection: redis });
  const all = Array.from({ length: faxes }, (_, i) => ({ name: 'poll', data: { faxJobId: i + 1 } }));
  for (let at = 0; at < faxes; at += 1_000) await queue.addBulk(all.slice(at, at + 1_000));
  await queue.close();
}

/** Seconds from the end of the warm-up to the last event. */
async function countEvents(subscriber: Redis, faxes: number): Promise<number> {
  let [count, started] = [0, 0];
  await subscriber.subscribe('bench:completed');
  return new Promise((resolve) => {
    subscriber.on('message', () => {
      count += 1;
      if (count === Math.round(faxes * WARM_UP)) started = performance.now();
      if (count < faxes) return;
      resolve((performance.now() - started) / 1000);
    });
  });
}
