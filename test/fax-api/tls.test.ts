import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import { NodeProcess } from '../support/worker-process.ts';

const CLIENT = new URL('../../src/fax-api/client.ts', import.meta.url).href;
const withOpenssl = spawnSync('openssl', ['version']).status === 0 ? it : it.skip;

const dir = mkdtempSync(join(tmpdir(), 'faxwatch-tls-'));
const file = (name: string): string => join(dir, name);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const openssl = (...args: string[]): void => void execFileSync('openssl', args, { stdio: 'ignore' });
const NEW_KEY = ['-newkey', 'rsa:2048', '-nodes'];

/** A certificate, signed by an authority that the client trusts, or by itself. */
function certificate(kind: 'good' | 'expired' | 'wrong name' | 'self-signed'): { key: Buffer; cert: Buffer } {
  const [key, request, cert] = [file(`${kind}.key`), file(`${kind}.csr`), file(`${kind}.pem`)];
  const name = `subjectAltName=${kind === 'wrong name' ? 'DNS:fax.example' : 'IP:127.0.0.1'}`;
  if (kind === 'self-signed')
    openssl('req', '-x509', ...NEW_KEY, '-days', '1', '-subj', '/CN=x', '-addext', name, '-keyout', key, '-out', cert);
  else {
    openssl('req', '-new', ...NEW_KEY, '-subj', '/CN=x', '-addext', name, '-keyout', key, '-out', request);
    const days = kind === 'expired' ? '-1' : '1';
    openssl(
      'x509',
      '-req',
      '-in',
      request,
      '-CA',
      file('ca.pem'),
      '-CAkey',
      file('ca.key'),
      '-CAcreateserial',
      '-copy_extensions',
      'copy',
      '-days',
      days,
      '-out',
      cert,
    );
  }
  return { key: readFileSync(key), cert: readFileSync(cert) };
}

withOpenssl.each([
  ['good', 'status', 1],
  ['expired', 'fault tls', 0],
  ['wrong name', 'fault tls', 0],
  ['self-signed', 'fault tls', 0],
] as const)('a server with a %s certificate: %s', async (kind, expected, sent) => {
  openssl(
    'req',
    '-x509',
    ...NEW_KEY,
    '-days',
    '1',
    '-subj',
    '/CN=ca',
    '-keyout',
    file('ca.key'),
    '-out',
    file('ca.pem'),
  );
  let requests = 0;
  const server = createServer(certificate(kind), (_request, response) => {
    requests += 1;
    response.end('{"status":"success","message":"Sent!"}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A process of its own, as Node reads the authorities that it trusts once, at its start.
  const settings = {
    FAX_API_KEY: 'key',
    FAX_API_BASE_URL: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    FAX_API_METHOD: 'GET',
    FAX_API_TIMEOUT_MS: 5_000,
    WORKER_CONCURRENCY: 1,
  };
  const code = `import { FaxApiClient } from '${CLIENT}'; const { kind, fault } = await new FaxApiClient(${JSON.stringify(settings)}).status('1'); console.log([kind, fault].join(' ').trim()); process.exit();`;
  const client = new NodeProcess(['--input-type=module', '-e', code], { NODE_EXTRA_CA_CERTS: file('ca.pem') });
  await client.exit();
  expect([client.output, requests]).toEqual([expected, sent]);
  server.close();
});
