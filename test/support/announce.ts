import { HAS_REDIS_SERVER } from './redis-server.ts';

/** Says once, before the tests, which Redis they run on. */
export default function announce(): void {
  if (HAS_REDIS_SERVER) return;
  process.stderr.write('no redis-server on this machine: the tests run on the embedded Redis; left out is only the crash of Redis itself (test/faults)\n');
}
