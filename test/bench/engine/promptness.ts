import { Stage, upTo } from './stage.ts';

const PROBES = 500;
const SPREAD_MS = 10_000;
const FAR_MS = 3_600_000;

/** How late jobs start that fall due one after the other (event less due time, ms: with the poll and its record), while many others wait. */
export async function promptness(waiting: number): Promise<number[]> {
  const stage = await Stage.start(0, 1);
  await stage.enqueue(upTo(waiting), { delay: FAR_MS });
  const late: number[] = [];
  const finished = new Promise<void>((resolve, reject) => {
    stage
      .onEvent((message) => {
        const { data } = JSON.parse(message) as { data: { faxJobId: number; enqueuedAt: string } };
        late.push(Date.now() - Date.parse(data.enqueuedAt) - delayOf(data.faxJobId - waiting));
        if (late.length === PROBES) resolve();
      })
      .catch(reject);
  });
  stage.work();
  for (let probe = 1; probe <= PROBES; probe += 1) await stage.enqueue([waiting + probe], { delay: delayOf(probe) });
  await finished;
  await stage.stop();
  return late;
}

const delayOf = (probe: number): number => 3_000 + Math.round((probe * SPREAD_MS) / PROBES);
