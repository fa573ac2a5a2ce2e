import { Queue } from 'bullmq';
import type { Log } from '../log/log.ts';
import type { RedisClient } from '../redis/redis-client.ts';
import type { Settings } from '../settings/table.ts';

/**
 * Warns of faxes in the queue that a service without accounts has: with `ACCOUNTS_FILE` nobody polls them. A Redis user
 * that may not read that queue has none there to warn of.
 */
export async function warnOfLeftBehind(
  redis: RedisClient,
  { QUEUE_NAME, QUEUE_PREFIX }: Pick<Settings, 'QUEUE_NAME' | 'QUEUE_PREFIX'>,
  log: Log,
): Promise<void> {
  const queue = new Queue(QUEUE_NAME, { connection: redis, prefix: QUEUE_PREFIX, skipMetasUpdate: true });
  queue.on('error', () => undefined); // the call rejects by itself
  try {
    const jobs = await queue.getJobCountByTypes('wait', 'active', 'delayed', 'prioritized');
    if (jobs === 0) return;
    log.warn(
      { queue: QUEUE_NAME, jobs },
      'this queue has faxes in flight, and with ACCOUNTS_FILE nobody polls it: let a worker without ACCOUNTS_FILE ' +
        'finish them',
    );
  } catch (err) {
    log.debug({ err, queue: QUEUE_NAME }, 'not known whether this queue has faxes in flight');
  } finally {
    await queue.close();
  }
}
