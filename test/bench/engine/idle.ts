import { readFileSync } from 'node:fs';
import { cpuSeconds } from './cpu.ts';
import { FAXWATCH, Stage } from './stage.ts';

const IDLE_MS = 20_000;
const SETTLED_MS = 3_000;

/** From the start of a process to its first result, ms; then what it costs to run with nothing to do. */
export async function startAndIdle(
  args: readonly string[] = FAXWATCH,
): Promise<{ firstMs: number; commandsPerSecond: number; cpuShare: number; rssMiB: number }> {
  const stage = await Stage.start(1, 1);
  await stage.enqueue([1]);
  const first = new Promise<number>((resolve, reject) => {
    stage.onEvent(() => resolve(performance.now())).catch(reject);
  });
  await stage.redis.ping();
  const started = performance.now();
  const worker = stage.work(args, { CLIENT: 'fetch' });
  const firstMs = (await first) - started;
  await pause(SETTLED_MS);
  let commands = 0;
  const monitor = await stage.redis.monitor();
  monitor.on('monitor', (_time: string, _args: string[], source: string) => (commands += source === 'lua' ? 0 : 1));
  const before = cpuSeconds(worker.pid);
  await pause(IDLE_MS);
  const cpuShare = ((cpuSeconds(worker.pid) - before) * 1000) / IDLE_MS;
  const rssMiB = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${worker.pid}/status`, 'utf8'))?.[1]) / 1024;
  monitor.disconnect();
  await stage.stop();
  return { firstMs, commandsPerSecond: (commands * 1000) / IDLE_MS, cpuShare, rssMiB };
}

const pause = async (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
