import { FAXWATCH, file, Stage, upTo } from './stage.ts';

/** What is measured: the service's worker, and what it is compared to. */
export const SUBJECTS = {
  Faxwatch: { args: FAXWATCH, queue: true, env: {} },
  'bare worker, fetch': { args: [file('./bare-worker.ts')], queue: true, env: { CLIENT: 'fetch' } },
  'bare worker, got': { args: [file('./bare-worker.ts')], queue: true, env: { CLIENT: 'got' } },
  'empty jobs': { args: [file('./empty-worker.ts')], queue: true, env: {} },
  'got alone': { args: [file('./requests.ts')], queue: false, env: { CLIENT: 'got' } },
  'undici alone': { args: [file('./requests.ts')], queue: false, env: { CLIENT: 'undici' } },
} as const;
export type Subject = keyof typeof SUBJECTS;

const MEASURED = 0.8; // of the polls; the rest is warm-up

/**
 * Polls per second (jobs per second for empty ones) at which processes of a subject empty a queue of faxes.
 *
 * @param polls each fax takes
 */
export async function throughput(subject: Subject, faxes: number, polls: number, processes = 1): Promise<number> {
  const stage = await Stage.start(faxes, polls);
  const { args, queue, env } = SUBJECTS[subject];
  if (queue) await stage.enqueue(upTo(faxes));
  const jobs = secondsOfEvents(stage, faxes);
  for (let i = 0; i < processes; i += 1) stage.work(args, env);
  const empty = subject === 'empty jobs';
  const seconds = await (empty ? jobs : stage.told());
  await stage.stop();
  return (faxes * (empty ? 1 : polls) * MEASURED) / seconds;
}

/** Commands that Redis runs for one poll: those that the process sends, and those that its scripts call. */
export async function commandsPerPoll(
  subject: Subject,
  faxes: number,
  polls: number,
): Promise<{ sent: number; inScripts: number }> {
  const stage = await Stage.start(faxes, polls);
  await stage.enqueue(upTo(faxes));
  const monitor = await stage.redis.monitor();
  let [sent, inScripts] = [0, 0];
  monitor.on('monitor', (_time: string, _args: string[], source: string) =>
    source === 'lua' ? (inScripts += 1) : (sent += 1),
  );
  const finished = secondsOfEvents(stage, faxes);
  stage.work(SUBJECTS[subject].args, SUBJECTS[subject].env);
  await finished;
  monitor.disconnect();
  await stage.stop();
  return { sent: sent / (faxes * polls), inScripts: inScripts / (faxes * polls) };
}

/** Seconds from the end of the warm-up to the last event. */
async function secondsOfEvents(stage: Stage, faxes: number): Promise<number> {
  let [count, started] = [0, 0];
  return new Promise((resolve, reject) => {
    stage
      .onEvent(() => {
        count += 1;
        if (count === Math.round(faxes * (1 - MEASURED))) started = performance.now();
        if (count === faxes) resolve((performance.now() - started) / 1000);
      })
      .catch(reject);
  });
}
