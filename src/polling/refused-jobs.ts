import type { Queue } from 'bullmq';
import { parseProgress } from '../contract/progress.ts';

const MOST = 100; // one is refused per hold, and they are due before all that the safety net keeps

/** Brings forward the jobs that wait as their faxes were refused: the key that was refused is another now. */
export async function wakeRefused(queue: Queue): Promise<void> {
  const jobs = await queue.getDelayed(0, MOST - 1);
  const refused = jobs.filter(({ progress }) => parseProgress(progress).refusedAt !== null);
  await Promise.allSettled(refused.map(async (job) => job.promote())); // one that is worked on is no longer delayed
}
