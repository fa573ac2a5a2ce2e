import type { RedisClient } from './redis-client.ts';

type Cause = readonly [sign: RegExp, said: string, check: string];

// By the error's code and message, the first that matches.
const CAUSES: readonly Cause[] = [
  [/\bWRONGPASS\b|invalid password/, 'it does not accept this user and password', 'check both'],
  [/\bNOAUTH\b/, 'it wants a password', 'add it to the address, as in redis://:password@host'],
  [/\bENOTFOUND\b/, 'DNS does not know that host name', 'check the host'],
  [/\bEAI_AGAIN\b/, 'DNS gave no answer for that host name', 'check the host, and the DNS of this machine'],
  [/\bECONNREFUSED\b/, 'nothing accepts connections there', 'check that it runs, its host and its port'],
  [/\b(EHOSTUNREACH|ENETUNREACH|ETIMEDOUT)\b/, 'the network has no way there', 'check the host, and firewalls'],
  [/\bCERT_HAS_EXPIRED\b/, 'its TLS certificate has expired', 'renew it there'],
  [/\bERR_TLS_CERT_ALTNAME_INVALID\b/, 'its TLS certificate is for another host name', 'use that name'],
  [
    /SELF_SIGNED|UNABLE_TO_(VERIFY|GET)/,
    'its TLS certificate is of an authority that is not trusted here',
    'name a file with that authority in NODE_EXTRA_CA_CERTS',
  ],
  [/\bEPROTO\b|wrong version number|packet length/, 'it does not speak TLS there', 'use redis://, or the port for TLS'],
  [/\bECONNRESET\b/, 'it closed the connection', 'if that is its port for TLS, use rediss://'],
];

/** Why there is no connection to Redis, and what to do about it, in words. */
export type ConnectionFault = { readonly cause: string; readonly check: string };

/**
 * The words for an error of a connection to Redis, with the library's own words behind them. Pure.
 *
 * @param error as ioredis emits it, or as Redis replied it
 */
export function connectionFault(error: Error): ConnectionFault {
  const inner = (error as { lastNodeError?: Error }).lastNodeError ?? error; // a cluster's tells nothing itself
  const { code = '' } = inner as NodeJS.ErrnoException;
  const technical = inner.message || code; // of several addresses of a host, the code alone is told
  const found = CAUSES.find(([sign]) => sign.test(`${code} ${technical}`));
  if (!found) return { cause: technical, check: 'check that it runs, its address, and user and password' };
  const [, said, check] = found;
  return { cause: `${said} (${technical})`, check };
}

/** Where a connection leads: host and port, without user and password. */
export function addressOf(client: RedisClient): string {
  if (client.isCluster) return 'the cluster';
  const { host, port, path, sentinels } = client.options as {
    host?: string;
    port?: number;
    path?: string;
    sentinels?: readonly { host?: string; port?: number }[] | null;
  };
  if (sentinels?.length) return `sentinels ${sentinels.map((each) => `${each.host}:${each.port}`).join()}`;
  return path ?? `${host}:${port}`;
}
