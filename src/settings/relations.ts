import { isLoopback } from './loopback.ts';
import type { SettingName, Settings } from './table.ts';

const PUBLIC_PASSWORD_CHARS = 8; // NIST SP 800-63B, 5.1.1.1

/** A rule about several variables that is broken: their names, the one to change first, and what is wrong. */
export type BrokenRelation = readonly [names: readonly [SettingName, ...SettingName[]], problem: string];

/** @param needsKey whether `FAX_API_KEY` is required */
export function* brokenRelations(s: Settings, needsKey: boolean): Generator<BrokenRelation> {
  yield* brokenKeys(s, needsKey);
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
  // With accounts each has a secret of its own, or takes no callbacks.
  if (s.CALLBACK_PORT !== 0 && s.CALLBACK_SECRET === null && s.ACCOUNTS_FILE === null) {
    yield [['CALLBACK_SECRET', 'CALLBACK_PORT'], 'required with CALLBACK_PORT'];
  }
  if (s.CALLBACK_PORT !== 0 && s.CALLBACK_PORT === s.DASHBOARD_PORT) {
    yield [['CALLBACK_PORT', 'DASHBOARD_PORT'], 'must not be DASHBOARD_PORT: callbacks have a server of their own'];
  }
  if (s.REDIS_SENTINELS && !s.REDIS_SENTINEL_NAME) {
    yield [['REDIS_SENTINEL_NAME', 'REDIS_SENTINELS'], 'required with REDIS_SENTINELS'];
  }
  if (s.REDIS_SENTINELS && s.REDIS_CLUSTER_NODES) {
    yield [['REDIS_SENTINELS', 'REDIS_CLUSTER_NODES'], 'set either this or REDIS_CLUSTER_NODES'];
  }
  if (s.REDIS_CLUSTER_NODES) {
    for (const name of ['QUEUE_PREFIX', 'KEY_PREFIX'] as const) {
      const problem = clusterPrefixProblem(s[name], s.ACCOUNTS_FILE !== null);
      if (problem !== undefined) yield [[name, 'REDIS_CLUSTER_NODES'], problem];
    }
  }
}

/** The key comes from one place. */
function* brokenKeys(s: Settings, needsKey: boolean): Generator<BrokenRelation> {
  const { FAX_API_KEY: key, FAX_API_KEY_FILE: keyFile, ACCOUNTS_FILE: accountsFile } = s;
  if (needsKey && !key && keyFile === null && accountsFile === null) {
    yield [
      ['FAX_API_KEY', 'FAX_API_KEY_FILE', 'ACCOUNTS_FILE'],
      'required: the key from the Fax.to dashboard; or set FAX_API_KEY_FILE or ACCOUNTS_FILE',
    ];
  }
  if (accountsFile !== null && key) yield [['FAX_API_KEY', 'ACCOUNTS_FILE'], 'must be unset with ACCOUNTS_FILE'];
  else if (keyFile !== null && key) yield [['FAX_API_KEY', 'FAX_API_KEY_FILE'], 'set either this or FAX_API_KEY_FILE'];
  if (accountsFile !== null && keyFile !== null) {
    yield [['FAX_API_KEY_FILE', 'ACCOUNTS_FILE'], 'must be unset with ACCOUNTS_FILE'];
  }
  if (s.ACCOUNTS !== null && accountsFile === null) yield [['ACCOUNTS', 'ACCOUNTS_FILE'], 'needs ACCOUNTS_FILE'];
}

/** On a cluster a hash tag keeps keys that are used together in one slot. Accounts have one each. */
function clusterPrefixProblem(prefix: string, withAccounts: boolean): string | undefined {
  if (withAccounts) {
    return /[{}]/.test(prefix) ? 'must have no braces with ACCOUNTS_FILE: each account has a hash tag' : undefined;
  }
  return /\{[^}]+\}/.test(prefix) ? undefined : 'needs a hash tag on a cluster, such as {bull} or {fax}:';
}
