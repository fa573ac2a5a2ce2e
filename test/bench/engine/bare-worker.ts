import { Agent as HttpAgent } from 'node:http';
import { DelayedError, Worker } from 'bullmq';
import got from 'got';
import { Redis } from 'ioredis';

// The least that a worker can do: a request (by fetch, or by got as it comes), HSET, XADD, PUBLISH. Nothing of what
// makes a result right, once, and within a rate limit.

const {
  REDIS_URL = '',
  QUEUE_NAME = '',
  KEY_PREFIX = '',
  FAX_API_BASE_URL = '',
  POLL_MIN_INTERVAL_MS,
  WORKER_CONCURRENCY,
  CLIENT,
} = process.env;
const redis = new Redis(REDIS_URL, { maxRetriesPerRequest: null });

type Body = { status: string; message: string; user_cash_balance: number };
const agent = { http: new HttpAgent({ keepAlive: true, maxSockets: Number(WORKER_CONCURRENCY) }) };
const byGot = got.extend({ agent, retry: { limit: 0 }, decompress: false, timeout: { request: 10_000 } });
const ask =
  CLIENT === 'got'
    ? async (url: string): Promise<Body> => byGot(url).json()
    : async (url: string): Promise<Body> => (await fetch(url)).json() as Promise<Body>;

const worker = new Worker<{ faxJobId: number }>(
  QUEUE_NAME,
  async (job, token) => {
    const id = job.data.faxJobId;
    const {
      status,
      message,
      user_cash_balance: balance,
    } = await ask(`${FAX_API_BASE_URL}/fax/${id}/status?api_key=bench`);
    if (status === 'executed') {
      await job.moveToDelayed(Date.now() + Number(POLL_MIN_INTERVAL_MS), token);
      throw new DelayedError();
    }
    const result = {
      faxJobId: id,
      state: 'sent',
      apiStatus: status,
      message,
      userCashBalance: balance,
      completedAt: new Date().toISOString(),
    };
    const event = JSON.stringify({ id: `fax-${id}`, type: 'fax.job.completed', data: result });
    await Promise.all([
      redis.hset(`${KEY_PREFIX}status:${id}`, result),
      redis.xadd(`${KEY_PREFIX}events`, 'MAXLEN', '~', 100_000, '*', 'event', event),
      redis.publish(`${KEY_PREFIX}completed`, event),
    ]);
    return result;
  },
  { connection: redis, concurrency: Number(WORKER_CONCURRENCY), removeOnComplete: { count: 1000 } },
);
worker.on('error', () => undefined);
