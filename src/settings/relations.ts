import { isLoopback } from './loopback.ts';
import type { SettingName, Settings } from './table.ts';

const PUBLIC_PASSWORD_CHARS = 8; // NIST SP 800-63B, 5.1.1.1

/** A rule about several variables that is broken: their names, the one to change first, and what is wrong. */
export type BrokenRelation = readonly [names: readonly [SettingName, ...SettingName[]], problem: string];

/** @param needsKey whether `FAX_API_KEY` is required */
export function* brokenRelations(s: Settings, needsKey: boolean): Generator<BrokenRelation> {
  if (needsKey && !s.FAX_API_KEY) yield [['FAX_API_KEY'], 'required: the key from the Fax.to dashboard'];
  if (s.POLL_MIN_INTERVAL_MS > s.POLL_MAX_INTERVAL_MS) {
    yield [['POLL_MIN_INTERVAL_MS', 'POLL_MAX_INTERVAL_MS'], 'must not be over POLL_MAX_INTERVAL_MS'];
  }
  if (
    s.DASHBOARD_PORT !== 0 &&
    !isLoopback(s.DASHBOARD_HOST) &&
    (s.DASHBOARD_PASSWORD ?? '').length < PUBLIC_PASSWORD_CHARS
  ) {
    const wanted = `required when DASHBOARD_HOST is not loopback, with at least ${PUBLIC_PASSWORD_CHARS} characters`;
    yield [['DASHBOARD_PASSWORD', 'DASHBOARD_HOST', 'DASHBOARD_PORT'], wanted];
  }
  if (s.CALLBACK_PORT !== 0 && s.CALLBACK_SECRET === null) {
    yield [['CALLBACK_SECRET', 'CALLBACK_PORT'], 'required with CALLBACK_PORT'];
  }
  if (s.REDIS_SENTINELS && !s.REDIS_SENTINEL_NAME) {
    yield [['REDIS_SENTINEL_NAME', 'REDIS_SENTINELS'], 'required with REDIS_SENTINELS'];
  }
  if (s.REDIS_SENTINELS && s.REDIS_CLUSTER_NODES) {
    yield [['REDIS_SENTINELS', 'REDIS_CLUSTER_NODES'], 'set either this or REDIS_CLUSTER_NODES'];
  }
  if (s.REDIS_CLUSTER_NODES) {
    for (const name of ['QUEUE_PREFIX', 'KEY_PREFIX'] as const) {
      if (!/\{[^}]+\}/.test(s[name]))
        yield [[name, 'REDIS_CLUSTER_NODES'], 'needs a hash tag on a cluster, such as {bull} or {fax}:'];
    }
  }
}
