import { expect, it } from '@jest/globals';
import { Cluster, Redis } from 'ioredis';
import { addressOf, connectionFault } from '../../src/redis/connection-fault.ts';

const error = (message: string, code?: string): Error => Object.assign(new Error(message), { ...(code && { code }) });

it.each([
  ['nothing accepts connections', error('connect ECONNREFUSED 127.0.0.1:1', 'ECONNREFUSED')],
  ['nothing accepts connections', error('', 'ECONNREFUSED')], // an AggregateError, of a host with two addresses
  ['nothing accepts connections', error('All sentinels are unreachable. Last error: connect ECONNREFUSED 10.0.0.1:1')],
  ['DNS does not know', error('getaddrinfo ENOTFOUND nowhere', 'ENOTFOUND')],
  ['DNS gave no answer', error('getaddrinfo EAI_AGAIN nowhere', 'EAI_AGAIN')],
  ['does not accept this user and password', error('WRONGPASS invalid username-password pair or user is disabled.')],
  ['wants a password', error('NOAUTH Authentication required.')],
  ['has expired', error('certificate has expired', 'CERT_HAS_EXPIRED')],
  ['for another host name', error('Hostname/IP does not match', 'ERR_TLS_CERT_ALTNAME_INVALID')],
  ['not trusted here', error('self-signed certificate', 'DEPTH_ZERO_SELF_SIGNED_CERT')],
  ['not trusted here', error('unable to verify the first certificate', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE')],
  ['does not speak TLS', error('SSL routines: wrong version number', 'EPROTO')],
  ['closed the connection', error('read ECONNRESET', 'ECONNRESET')],
])('%s, with the technical words and what to check', (said, fault) => {
  const { cause, check } = connectionFault(fault);
  expect(cause).toContain(said);
  expect(cause).toMatch(fault.message || /ECONNREFUSED/);
  expect(check).not.toBe('');
});

it('an error that is not known is told as it is; that of a cluster is that of its last node', () => {
  expect(connectionFault(error('odd')).cause).toBe('odd');
  const all = Object.assign(error('Failed to refresh slots cache.'), { lastNodeError: error('connect ECONNREFUSED') });
  expect(connectionFault(all).cause).toContain('nothing accepts connections');
});

it('the address is host and port, without user and password', () => {
  const lazy = { lazyConnect: true };
  expect(addressOf(new Redis('redis://me:s3cret@db.example:6380', lazy))).toBe('db.example:6380');
  expect(addressOf(new Redis({ sentinels: [{ host: 'a', port: 1 }], name: 'm', ...lazy }))).toBe('sentinels a:1');
  expect(addressOf(new Cluster([{ host: 'a', port: 1 }], lazy))).toBe('the cluster');
});
