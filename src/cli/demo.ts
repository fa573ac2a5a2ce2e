import { once } from 'node:events';
import { Queue } from 'bullmq';
import type { AlertEvent } from '../contract/alert.ts';
import type { FaxResult } from '../contract/result.ts';
import { createLog } from '../log/log.ts';
import { startEmbedded } from '../redis/embedded.ts';
import { demoFaxes } from './demo-faxes.ts';
import { demoSummary } from './demo-summary.ts';
import { DemoWay, type Outcome, type Way } from './demo-way.ts';
import { liveLine } from './event-line.ts';
import { CommandError, EX_INTERRUPTED, EX_UNAVAILABLE } from './failure.ts';
import { freePort } from './free-port.ts';
import { Progress } from './progress.ts';
import { fitted } from './say.ts';

const LONGEST_MS = 50_000;
const DASHBOARD_PORT = 3_000;
const WAYS: readonly Way[] = ['polls alone', 'with the list', 'with callbacks'];

const EXPLAINED = `
One 403 is scripted, and shown as an alert; "refused" counts requests over the
limit. One job had wrong data: it failed, and is on the dashboard.

What next (npm exec --no -- faxwatch ...):
  look at it yourself   ... demo --keep
  use your own key      put FAX_API_KEY into .env, npm start
  enqueue a fax         ... track <faxJobId> --wait`;

/**
 * `faxwatch demo`: the main job from end to end in under a minute, with nothing but this package, in three ways side by
 * side. The lines are those of the first.
 */
export async function demo({ keep = false }: { keep?: boolean }): Promise<void> {
  const interrupted = (): void => process.exit(EX_INTERRUPTED); // all that it has is in this process
  process.once('SIGINT', interrupted);
  await using stops = new AsyncDisposableStack();
  const log = await createLog('silent', []);
  const embedded = await startEmbedded(log);
  stops.defer(() => embedded.close());
  const running: [Way, DemoWay][] = [];
  for (const way of WAYS) {
    const port = way === 'polls alone' ? await freePort(DASHBOARD_PORT) : 0;
    const started = await DemoWay.start(way, embedded.url, port, log);
    stops.defer(() => started.stop());
    running.push([way, started]);
  }
  const shown = running[0]?.[1];
  console.log(
    `overview:     ${shown?.service.address}/\nRedis:        ${embedded.url}\nstand-in API: ${shown?.apiUrl}\n`,
  );
  await enqueueWrongJob(embedded.url);

  const faxes = demoFaxes();
  const progress = new Progress('{value} of {total} finished', faxes.length);
  const outcomes = new Map<Way, Outcome>();
  await Promise.all(
    running.map(async ([way, each], i) =>
      outcomes.set(way, await each.run(faxes, LONGEST_MS, i === 0 ? screenOf(progress) : undefined)),
    ),
  );
  progress.stop();
  console.log(`\n${demoSummary(new Map(WAYS.map((way) => [way, outcomes.get(way) as Outcome])))}`);
  const least = Math.min(...[...outcomes.values()].map(({ results }) => results.length));
  if (least < faxes.length)
    throw new CommandError(`only ${least} of ${faxes.length} faxes finished in time`, EX_UNAVAILABLE);
  process.off('SIGINT', interrupted);
  console.log(EXPLAINED);
  if (!keep) return;
  console.log(`\nstill up: ${shown?.service.address}/ (Ctrl-C to stop)`);
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
}

/** A job that is no fax job: it fails at once, and harms nothing else. */
async function enqueueWrongJob(redisUrl: string): Promise<void> {
  const queue = new Queue('fax-status', { connection: { url: redisUrl } });
  await queue.add('poll', { faxJobId: 'not an id' });
  await queue.close();
}

function screenOf(progress: Progress): { finished(result: FaxResult): void; alert(event: AlertEvent): void } {
  let finished = 0;
  return {
    finished: (result) => {
      progress.line(fitted(liveLine(result), process.stdout));
      progress.set((finished += 1));
    },
    alert: ({ type, data }) => progress.line(fitted(`ALERT ${type}: ${data.message}`, process.stdout)),
  };
}
