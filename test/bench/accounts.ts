/**
 * 1,000 accounts in one process on one Redis, 20 of them awake: memory, start to ready, round trips to Redis, CPU, and
 * how soon an account wakes. `npm run bench:accounts -- --accounts 1000 --awake 20 --faxes 5 --seconds 20`; each fax
 * takes two requests, so that many faxes keep an account at its pace.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { KeyedApi } from '../support/keyed-api.ts';
import { cpuSeconds } from './engine/cpu.ts';
import { freePort, startTestRedis } from '../support/redis-server.ts';
import { CliProcess } from '../support/worker-process.ts';

const { values } = parseArgs({
  options: {
    accounts: { type: 'string', default: '1000' },
    awake: { type: 'string', default: '20' },
    faxes: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '20' },
  },
});
const [count, awake, seconds] = [Number(values.accounts), Number(values.awake), Number(values.seconds)];
const MOST_WAKES = 50;

const redisServer = await startTestRedis();
const redis = new Redis(redisServer.url);
const api = await KeyedApi.start();
const dir = await mkdtemp(join(tmpdir(), 'faxwatch-bench-accounts-'));
const names = Array.from({ length: count }, (_, i) => `clinic-${i}`);
const keys = new Map(names.map((name) => [name, randomBytes(16).toString('hex')]));
for (const key of keys.values()) api.set(key, 'ok');
const file = join(dir, 'accounts.json');
await writeFile(file, JSON.stringify(Object.fromEntries([...keys].map(([name, key]) => [name, { FAX_API_KEY: key }]))));
const port = await freePort();

const started = performance.now();
const service = new CliProcess(['start'], {
  ACCOUNTS_FILE: file,
  FAX_API_BASE_URL: api.url,
  REDIS_URL: redisServer.url,
  DASHBOARD_PORT: String(port),
});
while (!(await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined))?.ok) await sleep(20);
console.log(`start to ready: ${((performance.now() - started) / 1000).toFixed(2)} s`);

await report('all asleep');
for (const name of names.slice(0, awake)) await add(name, Number(values.faxes));
await sleep(3_000);
await report(`${awake} awake`);

const waits: number[] = [];
for (const name of names.slice(awake, awake + MOST_WAKES)) {
  await sleep(Math.random() * 1_000);
  const key = keys.get(name);
  const at = performance.now();
  await add(name, 1);
  while (!api.log.some((request) => request.key === key)) await sleep(5);
  waits.push((api.log.find((request) => request.key === key)?.at ?? 0) - at);
}
waits.sort((a, b) => a - b);
const [median, last] = [waits[Math.floor(waits.length / 2)] ?? 0, waits.at(-1) ?? 0];
console.log(
  `from add to the first request, ${waits.length} accounts: median ${median.toFixed(0)} ms, most ${last.toFixed(0)} ms`,
);
const scraped = performance.now();
const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
console.log(`/metrics: ${(performance.now() - scraped).toFixed(0)} ms, ${(metrics.length / 1024).toFixed(0)} KiB`);

await service.exit('SIGTERM');
await api.stop();
redis.disconnect();
await redisServer.stop();
await rm(dir, { recursive: true });

async function add(name: string, faxes: number): Promise<void> {
  const queue = new Queue(`fax-status.${name}`, { connection: redis, skipMetasUpdate: true });
  const jobs = Array.from({ length: faxes }, (_, i) => ({ name: 'poll', data: { faxJobId: `${name}-${i}` } }));
  await queue.addBulk(jobs);
  await queue.close();
}

/** What the process costs over some seconds. A read of the server is a batch of commands: a round trip. */
async function report(state: string): Promise<void> {
  const before = await sample();
  await sleep(seconds * 1_000);
  const after = await sample();
  const perSecond = (what: 'cpu' | 'reads' | 'commands' | 'requests'): number => (after[what] - before[what]) / seconds;
  const cpu = (100 * perSecond('cpu')).toFixed(1);
  console.log(
    `${state}: RSS ${after.rssMiB.toFixed(0)} MiB, CPU ${cpu} % of a core, ` +
      `${perSecond('reads').toFixed(1)} reads of Redis/s, ${perSecond('commands').toFixed(0)} commands/s, ` +
      `${perSecond('requests').toFixed(0)} requests to the API/s, ${after.clients} connections`,
  );
}

async function sample() {
  const info = await redis.info();
  const status = await readFile(`/proc/${service.child.pid}/status`, 'utf8');
  const of = (name: string): number => Number(new RegExp(`${name}:(\\d+)`).exec(info)?.[1]);
  return {
    rssMiB: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024,
    cpu: cpuSeconds(service.child.pid),
    reads: of('total_reads_processed'),
    commands: of('total_commands_processed'),
    clients: of('connected_clients') - 1,
    requests: api.log.length,
  };
}
