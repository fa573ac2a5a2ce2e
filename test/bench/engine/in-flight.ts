import { readFileSync } from 'node:fs';
import { FaxStatusClient } from '../../../src/client/client.ts';
import { keysOf } from '../../../src/contract/keys.ts';
import { InFlight } from '../../../src/schedule/in-flight.ts';
import { Stage } from './stage.ts';

const FAR_MS = '3600000';
const TIMES = 50; // that the heads are asked for

/**
 * What faxes cost while they are in flight: bytes of Redis for each as enqueued, and after its first poll; polls per
 * second meanwhile; the worker's memory; and how long the query takes by which the next fax is chosen.
 *
 * @param listpackBytes up to which size of a value Redis keeps a hash in its compact form (`hash-max-listpack-value`;
 *   64 by default)
 */
export async function inFlight(
  faxes: number,
  listpackBytes: number,
): Promise<{ enqueuedBytes: number; polledBytes: number; perSecond: number; rssMiB: number; headsMs: number }> {
  const stage = await Stage.start(faxes, 2);
  await stage.redis.config('SET', 'hash-max-listpack-value', String(listpackBytes));
  const client = new FaxStatusClient({ redis: stage.url, queueName: 'bench', keyPrefix: 'bench:' });
  const empty = await usedMemory(stage);
  await client.trackMany(ids(faxes));
  await client.close();
  const enqueued = await usedMemory(stage);
  // the second poll is an hour away
  const worker = stage.work(undefined, { POLL_MIN_INTERVAL_MS: FAR_MS, POLL_MAX_INTERVAL_MS: FAR_MS });
  const started = performance.now();
  while ((await stage.redis.zcard('bull:bench:delayed')) < faxes)
    await new Promise((resolve) => setTimeout(resolve, 200));
  const perSecond = (faxes * 1000) / (performance.now() - started);
  const polled = await usedMemory(stage);
  const rssMiB = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${worker.pid}/status`, 'utf8'))?.[1]) / 1024;
  const schedule = new InFlight(stage.redis, keysOf('bench:'));
  const asked = performance.now();
  for (let i = 0; i < TIMES; i += 1) await schedule.heads(1, 1000);
  const headsMs = (performance.now() - asked) / TIMES;
  await stage.stop();
  return {
    enqueuedBytes: (enqueued - empty) / faxes,
    polledBytes: (polled - empty) / faxes,
    perSecond,
    rssMiB,
    headsMs,
  };
}

/** Bytes of Redis that a finished fax leaves: its result, and its entry in the stream. */
export async function finishedBytes(faxes: number): Promise<number> {
  const stage = await Stage.start(faxes, 1);
  const empty = await usedMemory(stage);
  await stage.enqueue(Array.from(ids(faxes)));
  const all = new Promise<void>((resolve, reject) => {
    let count = 0;
    stage.onEvent(() => (count += 1) === faxes && resolve()).catch(reject);
  });
  stage.work();
  await all;
  const bytes = ((await usedMemory(stage)) - empty) / faxes;
  await stage.stop();
  return bytes;
}

function* ids(count: number): Generator<number> {
  for (let id = 1; id <= count; id += 1) yield 100_000_000 + id;
}

async function usedMemory({ redis }: Stage): Promise<number> {
  return Number(/^used_memory:(\d+)/m.exec(await redis.info('memory'))?.[1]);
}
