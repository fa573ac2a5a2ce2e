import { afterAll, beforeAll } from '@jest/globals';
import { startCluster } from './redis-topologies.ts';

/** One cluster for all tests of a block; its ports are known once they run. */
export function useCluster(): { readonly ports: readonly number[] } {
  let cluster: Awaited<ReturnType<typeof startCluster>> | undefined;
  beforeAll(async () => {
    cluster = await startCluster();
  }, 60_000);
  afterAll(() => cluster?.stop());
  return {
    get ports() {
      return cluster?.ports ?? [];
    },
  };
}
