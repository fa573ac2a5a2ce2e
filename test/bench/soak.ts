import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { fateOf } from '../../src/simulator/fate.ts';
import { Simulator } from '../../src/simulator/simulator.ts';
import { startTestRedis } from '../support/redis-server.ts';
import { workerEnv } from '../support/worker-env.ts';
import { CliProcess } from '../support/worker-process.ts';
import { faxLike, traceOf, type TracedFax } from './trace.ts';

// npm run soak: 50,000 faxes through three workers at 200 requests per second, with what they take of memory while they
// do.

const { values: flags } = parseArgs({
  options: { faxes: { type: 'string', default: '50000' }, minutes: { type: 'string', default: '20' } },
});
const FAXES = Number(flags.faxes);
const SECONDS = Number(flags.minutes) * 60;
const WORKERS = 3;
const PER_SECOND = 200;
const COMPRESSION = 10;
const LAST_S = SECONDS * 0.1; // without new faxes, for the last ones to finish
const SAMPLES = 20;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const redisServer = await startTestRedis(['--appendonly', 'yes']);
const redis = new Redis(redisServer.url, { maxRetriesPerRequest: null });
const simulator = await Simulator.start({
  apiKey: 'soak',
  limit: { kind: 'sliding-window', max: PER_SECOND, windowMs: 1_000 },
  latencyMs: 5,
});
const queue = new Queue('fax', { connection: redis });
const env = {
  ...workerEnv({
    apiKey: 'soak',
    apiUrl: simulator.url,
    redisUrl: redisServer.url,
    name: queue.name,
    perSecond: PER_SECOND,
  }),
  POLL_MIN_INTERVAL_MS: String(5_000 / COMPRESSION),
  POLL_MAX_INTERVAL_MS: String(300_000 / COMPRESSION),
};
const workers = Array.from({ length: WORKERS }, () => new CliProcess(['worker'], env));
await Promise.all(workers.map((worker) => worker.line(/worker started/)));

const rssMiB = ({ child }: CliProcess): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1024;
const usedBytes = async (): Promise<number> => Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1]);

// No log lines are kept but those that an operator would have to explain.
const noteworthy: string[] = [];
const drain = (): void => {
  for (const worker of workers)
    noteworthy.push(...worker.lines.splice(0).filter((line) => !line.includes('"level":"info"')));
};

async function feed(trace: readonly TracedFax[], start: number): Promise<void> {
  for (let next = 0; next < trace.length;) {
    const due: TracedFax[] = [];
    for (; next < trace.length && (trace[next] as TracedFax).atMs <= Date.now() - start; next += 1)
      due.push(trace[next] as TracedFax);
    for (const { id, takesMs } of due)
      simulator.send(id, fateOf(id % 5 === 0 ? 'busy' : 'sent', Math.min(takesMs, LAST_S * 500)));
    await queue.addBulk(due.map(({ id }) => ({ name: 'poll', data: { faxJobId: id } })));
    await sleep(200);
  }
}

const idleBytes = await usedBytes();
const start = Date.now();
const trace = traceOf(faxLike, FAXES / (SECONDS - LAST_S), (SECONDS - LAST_S) * 1.05, COMPRESSION, 1).slice(0, FAXES);
const feeding = feed(trace, start);
console.log(
  [
    'minute',
    'finished',
    'in flight',
    ...workers.map((_, i) => `RSS of worker ${i + 1}, MiB`),
    'Redis, MiB',
    'bytes of Redis per fax finished',
  ].join('\t'),
);
for (let sample = 1; sample <= SAMPLES; sample += 1) {
  await sleep(start + (sample * SECONDS * 1000) / SAMPLES - Date.now());
  drain();
  const [finished, bytes] = [await redis.xlen('fax:events'), await usedBytes()];
  const rss = workers.map((worker) => rssMiB(worker).toFixed(0));
  console.log(
    [
      ((Date.now() - start) / 60_000).toFixed(1),
      finished,
      await redis.zcard('fax:inflight'),
      ...rss,
      (bytes / 2 ** 20).toFixed(1),
      Math.round((bytes - idleBytes) / finished),
    ].join('\t'),
  );
}
await feeding;

let [lost, wrong] = [0, 0];
for (const { id } of trace) {
  const state = await redis.hget(`fax:status:${id}`, 'state');
  if (state === null) lost += 1;
  else if (state !== (id % 5 === 0 ? 'failed' : 'sent')) wrong += 1;
}
const codes = await Promise.all(workers.map((worker) => worker.exit('SIGTERM')));
drain();
console.log(
  `faxes ${trace.length}, requests ${simulator.requests}, refused ${simulator.refusals}, lost ${lost}, wrong ${wrong}, stream entries ${await redis.xlen('fax:events')}, failed jobs ${await queue.getFailedCount()}, exit codes ${codes.join(' ')}`,
);
console.log(`log lines above info: ${noteworthy.length}\n${noteworthy.slice(0, 20).join('\n')}`);
await queue.close();
redis.disconnect();
await simulator.stop();
await redisServer.stop();
process.exitCode = lost + wrong > 0 ? 1 : 0;
