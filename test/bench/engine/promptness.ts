import { FAXWATCH, Stage, upTo } from './stage.ts';

const PROBES = 500;
const SPREAD_MS = 10_000;
const FAR_MS = 3_600_000;

/**
 * How late jobs start that fall due one after the other (event less due time, ms: with the poll and its record), while
 * many others wait.
 *
 * @param hz how often Redis looks at time-outs, per second: it is one that ends a worker's wait for the next job that
 *   falls due
 */
export async function promptness(waiting: number, hz: number, args: readonly string[] = FAXWATCH): Promise<number[]> {
  const stage = await Stage.start(0, 1);
  await stage.redis.config('SET', 'hz', String(hz));
  const enqueuedAt = new Map<number, number>();
  await stage.enqueue(upTo(waiting), { delay: FAR_MS });
  const late: number[] = [];
  const finished = new Promise<void>((resolve, reject) => {
    stage
      .onEvent((message) => {
        const { faxJobId } = (JSON.parse(message) as { data: { faxJobId: number } }).data;
        late.push(performance.now() - (enqueuedAt.get(faxJobId) ?? NaN) - delayOf(faxJobId - waiting));
        if (late.length === PROBES) resolve();
      })
      .catch(reject);
  });
  stage.work(args, { CLIENT: 'fetch' });
  for (let probe = 1; probe <= PROBES; probe += 1) {
    enqueuedAt.set(waiting + probe, performance.now());
    await stage.enqueue([waiting + probe], { delay: delayOf(probe) });
  }
  await finished;
  await stage.stop();
  return late;
}

const delayOf = (probe: number): number => 3_000 + Math.round((probe * SPREAD_MS) / PROBES);
