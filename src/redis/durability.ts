import type { Log } from '../log/log.ts';
import { Cluster } from 'ioredis';
import type { RedisClient } from './redis-client.ts';

/**
 * Warns, once at start, of Redis settings under which jobs or results can be lost: keys evicted when memory is short,
 * or nothing written to disk. If the server reveals neither (managed ones often forbid CONFIG), there is no warning.
 */
export async function warnOfLosses(redis: RedisClient, log: Log): Promise<void> {
  const [policy, aof] = await Promise.all([setting(redis, 'maxmemory-policy'), setting(redis, 'appendonly')]);
  if (policy !== undefined && policy !== 'noeviction') {
    log.warn({ policy }, 'redis may evict keys: set maxmemory-policy to noeviction, or jobs and results can vanish');
  }
  if (aof === 'no')
    log.warn('redis writes no append-only file: set appendonly to yes, or a crash loses what was acknowledged');
}

async function setting(redis: RedisClient, name: string): Promise<string | undefined> {
  const node = redis instanceof Cluster ? redis.nodes('master')[0] : redis;
  const reply = await node?.config('GET', name).catch(() => undefined);
  return Array.isArray(reply) ? String(reply[1]) : undefined;
}
