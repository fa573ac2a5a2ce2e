import { existsSync } from 'node:fs';
import { CHROMIUM } from './chromium.ts';
import { HAS_PROMETHEUS } from './prometheus.ts';
import { HAS_REDIS_SERVER } from './redis-server.ts';

/** Says once, before the tests, what they run on, and what is left out for it. */
export default function announce(): void {
  if (!existsSync(CHROMIUM))
    process.stderr.write(`no ${CHROMIUM}: left out are the tests of the dashboard in a browser\n`);
  if (!HAS_PROMETHEUS)
    process.stderr.write(
      'no prometheus: left out are the checks of the alert rules and the dashboard by Prometheus itself\n',
    );
  if (HAS_REDIS_SERVER) return;
  process.stderr.write(
    'no redis-server on this machine: the tests run on the embedded Redis; left out are the crash of Redis itself, the cluster and the sentinels (test/faults)\n',
  );
}
