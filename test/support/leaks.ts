import { Cluster, type Redis } from 'ioredis';
import { redactor } from '../../src/log/redact.ts';

/** Texts by where they were found: logs, keys of Redis, pages. */
export type Seen = Map<string, string>;

/** Everything that is in a Redis: each key with all that it holds. */
export async function redisTexts(redis: Redis | Cluster): Promise<Seen> {
  const seen: Seen = new Map();
  for (const node of redis instanceof Cluster ? redis.nodes('master') : [redis]) {
    for (const key of await node.keys('*')) seen.set(`redis ${key}`, `${key} ${await textOf(node, key)}`);
  }
  return seen;
}

/** Every page that the service serves, those of some jobs too. */
export async function pageTexts(address: string, queueName: string, jobIds: readonly string[]): Promise<Seen> {
  const board = '/queues/api/queues';
  const paths = [
    '/',
    '/api/overview',
    '/metrics',
    '/queues',
    `${board}?page=1&jobsPerPage=50`,
    '/readyz',
    '/healthz',
    '/nowhere',
    ...jobIds.map((id) => `${board}/${queueName}/${id}`),
  ];
  const seen: Seen = new Map();
  for (const path of paths) seen.set(path, await (await fetch(`${address}${path}`)).text());
  return seen;
}

/** The places whose text holds the secret: as it is, URL-encoded or in base64. */
export function leaks(secret: string, seen: Seen): string[] {
  const redact = redactor(secret);
  return [...seen].filter(([, text]) => redact(text) !== text).map(([where]) => where);
}

async function textOf(redis: Redis, key: string): Promise<string> {
  switch (await redis.type(key)) {
    case 'string':
      return (await redis.get(key)) ?? '';
    case 'hash':
      return JSON.stringify(await redis.hgetall(key));
    case 'list':
      return JSON.stringify(await redis.lrange(key, 0, -1));
    case 'zset':
      return JSON.stringify(await redis.zrange(key, '0', '-1'));
    case 'set':
      return JSON.stringify(await redis.smembers(key));
    case 'stream':
      return JSON.stringify(await redis.xrange(key, '-', '+'));
    default:
      return '';
  }
}
