import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import Table from 'cli-table3';
import type { AlertEvent } from '../contract/alert.ts';
import { FaxStatusClient } from '../client/client.ts';
import { loadSettings } from '../settings/load.ts';
import type { Settings } from '../settings/table.ts';
import { loadRules } from '../fax-api/classification-rules.ts';
import { createLog } from '../log/log.ts';
import { startService } from '../main.ts';
import { connectRedis } from '../redis/connect.ts';
import type { RedisClient } from '../redis/redis-client.ts';
import { startEmbedded } from '../redis/embedded.ts';
import type { FaxCompletedEvent } from '../contract/event.ts';
import type { FaxResult } from '../contract/result.ts';
import { Simulator } from '../simulator/simulator.ts';
import { demoFaxes } from './demo-faxes.ts';
import { resultLine } from './event-line.ts';
import { CommandError, EX_INTERRUPTED, EX_UNAVAILABLE } from './failure.ts';
import { Outcomes } from './outcomes.ts';
import { Progress } from './progress.ts';
import { wrap } from './wrap.ts';

const LONGEST_MS = 55_000;
const LIMIT = { kind: 'sliding-window', max: 10, windowMs: 1_000 } as const;

/** `faxwatch demo`: the main job from end to end in under a minute, with nothing but this package. */
export async function demo({ keep = false }: { keep?: boolean }): Promise<void> {
  const interrupted = (): void => process.exit(EX_INTERRUPTED); // all that it has is in this process
  process.once('SIGINT', interrupted);
  const log = await createLog('silent', []);
  const simulator = await Simulator.start({ apiKey: 'demo-key', limit: LIMIT, latencyMs: 30 });
  const embedded = await startEmbedded(log);
  const settings = demoSettings(simulator.url, embedded.url, await dashboardPort());
  const service = await startService(settings, loadRules(null), { worker: true, board: true }, log);
  const redis = await connectRedis(settings, log);
  const client = new FaxStatusClient({ redis: () => redis.duplicate() });
  console.log(`overview:     ${service.address}/\nRedis:        ${embedded.url}\nstand-in API: ${simulator.url}\n`);
  try {
    const faxes = demoFaxes();
    const results = await watchAll(redis.duplicate(), settings, faxes.length, async () => {
      for (const { id, fate, about } of faxes) {
        simulator.send(id, fate);
        await client.track(id, { metadata: { about } });
      }
    });
    const started = new Map(faxes.map(({ id, finishMs }) => [id, finishMs]));
    const lags = results.map(
      (r) => Date.parse(r.completedAt) - Date.parse(r.enqueuedAt) - (started.get(Number(r.faxJobId)) ?? 0),
    );
    console.log(`\n${summary(results, lags, simulator)}`);
    if (results.length < faxes.length)
      throw new CommandError(`only ${results.length} of ${faxes.length} faxes finished in time`, EX_UNAVAILABLE);
    process.off('SIGINT', interrupted);
    console.log(NEXT);
    if (keep) {
      console.log(`\nstill up: ${service.address}/ (Ctrl-C to stop)`);
      await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
    }
  } finally {
    await client.close();
    await redis.close();
    await service.close();
    await embedded.close();
    await simulator.stop();
  }
}

const NEXT = `
What next (npm exec --no -- faxwatch ...):
  look at it yourself   ... demo --keep
  use your own key      put FAX_API_KEY into .env, npm start
  enqueue a fax         ... track <faxJobId> --wait`;

const fitted = (line: string): string => (process.stdout.isTTY ? wrap(line, process.stdout.columns) : line);

/** Prints each event as it is published, until `count` faxes are finished. */
async function watchAll(
  subscriber: RedisClient,
  settings: Settings,
  count: number,
  start: () => Promise<void>,
): Promise<FaxResult[]> {
  const results: FaxResult[] = [];
  await subscriber.subscribe(`${settings.KEY_PREFIX}completed`, `${settings.KEY_PREFIX}alerts`);
  const progress = new Progress('{value} of {total} finished', count);
  const finished = new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, LONGEST_MS);
    subscriber.on('message', (channel: string, message: string) => {
      if (channel.endsWith('alerts')) {
        const { type, data } = JSON.parse(message) as AlertEvent;
        progress.line(fitted(`ALERT ${type}: ${data.message}`));
        return;
      }
      const result = (JSON.parse(message) as FaxCompletedEvent).data;
      results.push(result);
      progress.line(fitted(resultLine(result)));
      progress.set(results.length);
      if (results.length < count) return;
      clearTimeout(timer);
      resolve();
    });
  });
  await start();
  await finished;
  progress.stop();
  return results;
}

function summary(results: readonly FaxResult[], lags: number[], simulator: Simulator): string {
  const outcomes = new Outcomes();
  for (const result of results) outcomes.add(result);
  const sorted = [...lags].sort((a, b) => a - b);
  const mean = lags.reduce((sum, lag) => sum + lag, 0) / Math.max(1, lags.length);
  const p95 = sorted[Math.max(0, Math.ceil(sorted.length * 0.95) - 1)] ?? 0;
  const figures = new Table({ style: { head: [], border: [] } });
  figures.push(
    ['polls', results.reduce((sum, { polls }) => sum + polls, 0)],
    ['from final to found, mean', `${(mean / 1000).toFixed(2)} s`],
    ['from final to found, 95 of 100 within', `${(p95 / 1000).toFixed(2)} s`],
    ['requests', simulator.requests],
    ['refused, as there were too many', simulator.refusals],
    ['refused, as the demo has it scripted', 1],
  );
  return `${outcomes.toString()}\n${figures.toString()}`;
}

const demoSettings = (apiUrl: string, redisUrl: string, port: number): Settings =>
  loadSettings(
    {
      FAX_API_KEY: 'demo-key',
      FAX_API_BASE_URL: apiUrl,
      REDIS_URL: redisUrl,
      DASHBOARD_PORT: String(port),
      RATE_LIMIT_MAX: String(LIMIT.max),
      RATE_LIMIT_DURATION_MS: String(LIMIT.windowMs),
      POLL_MIN_INTERVAL_MS: '500',
      POLL_MAX_INTERVAL_MS: '5000',
      LOG_LEVEL: 'silent',
    },
    true,
  );

/** The usual port if it is free, otherwise any free one. */
async function dashboardPort(): Promise<number> {
  const free = async (port: number): Promise<number> => {
    const probe = createServer().listen(port, '127.0.0.1');
    await once(probe, 'listening');
    const { port: found } = probe.address() as AddressInfo;
    probe.close();
    await once(probe, 'close');
    return found;
  };
  return free(3_000).catch(() => free(0));
}
