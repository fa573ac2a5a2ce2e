import { Worker } from 'bullmq';
import { Redis } from 'ioredis';

// What a team would write in an afternoon: BullMQ's attempts with backoff, its limiter set to the API's limit.

const { REDIS_URL = '', QUEUE_NAME = '', FAX_API_BASE_URL = '', RATE_LIMIT_MAX, RATE_LIMIT_DURATION_MS } = process.env;

const [FIRST_MS, CAP_MS] = [100, 30_000]; // 1 s and 300 s, time-compressed ten times

const worker = new Worker<{ faxJobId: number }>(
  QUEUE_NAME,
  async (job) => {
    const response = await fetch(`${FAX_API_BASE_URL}/fax/${job.data.faxJobId}/status?api_key=bench`);
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    const { status, message } = (await response.json()) as { status: string; message: string };
    if (status === 'executed') throw new Error('not finished yet');
    return { status, message };
  },
  {
    connection: new Redis(REDIS_URL, { maxRetriesPerRequest: null }),
    concurrency: 50,
    limiter: { max: Number(RATE_LIMIT_MAX), duration: Number(RATE_LIMIT_DURATION_MS) },
    removeOnComplete: { count: 1000 },
    settings: { backoffStrategy: (attempts) => Math.min(FIRST_MS * 2 ** (attempts - 1), CAP_MS) },
  },
);
worker.on('ready', () => process.stdout.write('worker started\n'));
process.on('SIGTERM', () => void worker.close(true).then(() => process.exit(0)));
