import { DelayedError, Worker } from 'bullmq';
import { Redis } from 'ioredis';

// The least that a worker can do: fetch, HSET, XADD, PUBLISH. Nothing of what makes a result right, once, and within a rate limit.

const { REDIS_URL = '', QUEUE_NAME = '', KEY_PREFIX = '', FAX_API_BASE_URL = '', POLL_MIN_INTERVAL_MS, WORKER_CONCURRENCY } = process.env;
const redis = new Redis(REDIS_URL, { maxRetriesPerRequest: null });

const worker = new Worker<{ faxJobId: number }>(
  QUEUE_NAME,
  async (job, token) => {
    const id = job.data.faxJobId;
    const response = await fetch(`${FAX_API_BASE_URL}/fax/${id}/status?api_key=bench`);
    const { status, message, user_cash_balance: balance } = (await response.json()) as { status: string; message: string; user_cash_balance: number };
    if (status === 'executed') {
      await job.moveToDelayed(Date.now() + Number(POLL_MIN_INTERVAL_MS), token);
      throw new DelayedError();
    }
    const result = { faxJobId: id, state: 'sent', apiStatus: status, message, userCashBalance: balance, completedAt: new Date().toISOString() };
    const event = JSON.stringify({ id: `fax-${id}`, type: 'fax.job.completed', data: result });
    await Promise.all([redis.hset(`${KEY_PREFIX}status:${id}`, result), redis.xadd(`${KEY_PREFIX}events`, 'MAXLEN', '~', 100_000, '*', 'event', event), redis.publish(`${KEY_PREFIX}completed`, event)]);
    return result;
  },
  { connection: redis, concurrency: Number(WORKER_CONCURRENCY), removeOnComplete: { count: 1000 } },
);
worker.on('error', () => undefined);
