import { HAS_REDIS_SERVER } from './redis-server.ts';

/** Says once, before the tests, which Redis they run on. */
export default function announce(): void {
  if (HAS_REDIS_SERVER) return;
  process.stderr.write('no redis-server on this machine: the tests run on the embedded Redis; left out are the crash of Redis itself, the cluster and the sentinels (test/faults)\n');
}
