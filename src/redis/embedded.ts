import type { Log } from '../log/log.ts';
import { within } from '../timing/within.ts';

const PATIENCE_MS = 500;

/**
 * Starts a Redis in this process, in memory only: `REDIS_URL=embedded`, for trying and developing. The package is
 * loaded only in that case, so production never pays for it.
 */
export async function startEmbedded(log: Log): Promise<{ url: string; close(): Promise<void> }> {
  const { createRedisServer } = await import('js-redis-server');
  const server = await createRedisServer({ port: 0 });
  const url = `redis://${server.host}:${server.port}`;
  log.warn({ url }, 'embedded redis: for trying and developing only, all is lost when this process ends');
  // The server waits for its clients to leave; other processes need not.
  const close = (): Promise<void> => within(PATIENCE_MS, server.close());
  return { url, close };
}
