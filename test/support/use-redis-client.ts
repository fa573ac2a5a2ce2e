import { afterAll, beforeAll, beforeEach } from '@jest/globals';
import { Redis } from 'ioredis';
import { useRedis } from './use-redis.ts';

/** A connection to a Redis of the file's own, empty before each test; `client` is there once they run. */
export function useRedisClient(): { readonly client: Redis } {
  let client: Redis | undefined;
  afterAll(() => client?.disconnect()); // before its Redis ends: hooks run in the order in which they are written
  const redis = useRedis();
  beforeAll(() => {
    client = new Redis(redis.url);
  });
  beforeEach(() => client?.flushall());
  return {
    get client() {
      if (!client) throw new Error('the Redis of a test is there once the tests run');
      return client;
    },
  };
}
