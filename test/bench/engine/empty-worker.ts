import { Worker } from 'bullmq';
import { Redis } from 'ioredis';

// BullMQ alone: jobs that do nothing but tell that they were there.

const { REDIS_URL = '', QUEUE_NAME = '', KEY_PREFIX = '', WORKER_CONCURRENCY } = process.env;
const redis = new Redis(REDIS_URL, { maxRetriesPerRequest: null });

const worker = new Worker(
  QUEUE_NAME,
  (job) => {
    redis.publish(`${KEY_PREFIX}completed`, String(job.id)).catch(() => undefined);
    return Promise.resolve();
  },
  { connection: redis.duplicate(), concurrency: Number(WORKER_CONCURRENCY), removeOnComplete: { count: 1000 } },
);
worker.on('error', () => undefined);
