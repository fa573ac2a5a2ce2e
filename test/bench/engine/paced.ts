import { startTestRedis } from '../../support/redis-server.ts';
import { Rig } from '../rig.ts';

const PER_SECOND = 200;
const FAXES = 1_500; // that never end: there is always one to poll
const WARM_UP_MS = 15_000; // each new fax is claimed once before it waits for its first poll
const MEASURED_MS = 12_000;

/**
 * How much of a strict sliding window of 200 requests per second so many worker processes use together, and what share
 * of them is refused.
 */
export async function paced(workers: number): Promise<{ used: number; refused: number }> {
  const redis = await startTestRedis();
  const rig = await Rig.start({
    system: 'faxwatch',
    redisUrl: redis.url,
    name: 'paced',
    perSecond: PER_SECOND,
    workers,
  });
  rig.feed(Array.from({ length: FAXES }, (_, i) => ({ id: i + 1, atMs: 0, takesMs: 3_600_000 })));
  await new Promise((resolve) => setTimeout(resolve, WARM_UP_MS));
  const from = rig.simulator.log.length;
  const started = performance.now();
  await new Promise((resolve) => setTimeout(resolve, MEASURED_MS));
  const seen = rig.simulator.log.slice(from);
  const seconds = (performance.now() - started) / 1000;
  await rig.stop();
  await redis.stop();
  return {
    used: seen.length / seconds / PER_SECOND,
    refused: seen.filter(({ code }) => code === 403).length / seen.length,
  };
}
