import { afterAll, beforeAll } from '@jest/globals';
import { startTestRedis, type TestRedis } from './redis-server.ts';

/** One Redis for all tests of a file; `url` is known once they run. */
export function useRedis(): { readonly url: string } {
  let redis: TestRedis | undefined;
  beforeAll(async () => {
    redis = await startTestRedis();
  });
  afterAll(() => redis?.stop());
  return {
    get url() {
      return redis?.url ?? '';
    },
  };
}
