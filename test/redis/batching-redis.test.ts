import { once } from 'node:events';
import { expect, it } from '@jest/globals';
import { BatchingRedis } from '../../src/redis/batching-redis.ts';
import { HAS_REDIS_SERVER, startTestRedis } from '../support/redis-server.ts';

const REFUSED = 30;

(HAS_REDIS_SERVER ? it : it.skip)(
  'reconnects once for a batch that a replica refuses, and loses none of it',
  async () => {
    const server = await startTestRedis();
    const redis = new BatchingRedis(server.url, { maxRetriesPerRequest: null, reconnectOnError: () => 2 });
    const admin = redis.duplicate();
    try {
      await once(redis, 'ready');
      await admin.replicaof('127.0.0.1', 1);
      let closeListeners = 0;
      redis.stream.on('newListener', (event) => {
        if (event === 'close') closeListeners += 1;
      });
      const written = Promise.all(Array.from({ length: REFUSED }, (_, i) => redis.set(`key ${i}`, i)));
      await once(redis, 'close');
      expect(closeListeners).toBe(1);
      await admin.replicaof('no', 'one');
      await written;
      expect(await redis.dbsize()).toBe(REFUSED);
    } finally {
      redis.disconnect();
      admin.disconnect();
      await server.stop();
    }
  },
);
