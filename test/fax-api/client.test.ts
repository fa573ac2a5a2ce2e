import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { loadRules } from '../../src/fax-api/classification-rules.ts';
import { classify } from '../../src/fax-api/classify.ts';
import { FaxApiClient } from '../../src/fax-api/client.ts';
import { freePort } from '../support/redis-server.ts';

const KEY = 'k3y/with+odd=chars';
let server: Server | undefined;
let client: FaxApiClient | undefined;
afterEach(() => {
  void client?.close();
  server?.closeAllConnections();
  server?.close();
});

const clientOf = (url: string): FaxApiClient =>
  (client = new FaxApiClient({
    FAX_API_KEY: KEY,
    FAX_API_BASE_URL: url,
    FAX_API_METHOD: 'GET',
    FAX_API_TIMEOUT_MS: 2_000,
    WORKER_CONCURRENCY: 10,
  }));

async function serve(handler: RequestListener): Promise<FaxApiClient> {
  server = createServer(handler).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return clientOf(`http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v2/`);
}

describe('the API client', () => {
  it('asks as documented, and keeps its connection', async () => {
    const seen: string[] = [];
    const sockets = new Set<unknown>();
    const api = await serve((request, response) => {
      seen.push(`${request.method} ${request.url}`);
      sockets.add(request.socket);
      response.end('{"status":"success","message":"Sent!","user_cash_balance":1}');
    });
    for (let i = 0; i < 3; i += 1) {
      expect(await api.status('a-1')).toMatchObject({
        kind: 'status',
        apiStatus: 'success',
        message: 'Sent!',
        userCashBalance: 1,
      });
      await setImmediate(); // undici lets a connection rest for a turn of the event loop, lest the server closes it
    }
    expect(new Set(seen)).toEqual(
      new Set([`GET /api/v2/fax/a-1/status?${new URLSearchParams({ api_key: KEY }).toString()}`]),
    );
    expect(sockets.size).toBe(1);
  });

  it.each<[string, (response: Parameters<RequestListener>[1]) => void, string]>([
    [
      'invalid UTF-8',
      (response) =>
        response.end(Buffer.from([...Buffer.from('{"status":"success","message":"Sent '), 0xff, 0x22, 0x7d])),
      'not_json',
    ],
    ['deeply nested JSON', (response) => response.end('['.repeat(60_000)), 'not_json'],
    [
      'a compressed body that nobody asked for',
      (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('xx'),
      'not_json',
    ],
    ['3 MB', (response) => response.end(`{"status":"success","message":"Sent","x":"${'x'.repeat(3e6)}"}`), 'too_large'],
    [
      'a key that comes twice with different values',
      (response) => response.end('{"status":"failed","message":"Sent!","status":"success"}'),
      'not_json',
    ],
    [
      'a status that is only inherited',
      (response) => response.end('{"__proto__":{"status":"success","message":"Sent!"}}'),
      'wrong_shape',
    ],
    [
      'a body cut short',
      (response) => response.writeHead(200, { 'content-length': '100' }).write('{"status":', () => response.destroy()),
      'connection',
    ],
  ])('takes %s for a server fault', async (_what, answer, fault) => {
    const api = await serve((_request, response) => answer(response));
    expect(await api.status('1')).toMatchObject({ kind: 'fault', fault });
  });

  it('takes a server that is not there, and a name that is none, for a server fault', async () => {
    expect(await clientOf(`http://127.0.0.1:${await freePort()}`).status('1')).toMatchObject({
      kind: 'fault',
      fault: 'connection',
    });
    expect(await clientOf('https://nowhere.invalid/api').status('1')).toMatchObject({ kind: 'fault', fault: 'dns' });
  });

  it('gives an answer to any bytes, and sent only to what says so', async () => {
    let body = Buffer.alloc(0);
    const api = await serve((_request, response) => response.end(body));
    const rules = loadRules(null);
    const good = '{"status":"success","message":"Sent! Fax Has Been Answered.","user_cash_balance":100.2}';
    const mutated = fc.tuple(fc.nat({ max: good.length - 1 }), fc.nat({ max: 255 })).map(([at, byte]) => {
      const bytes = Buffer.from(good);
      bytes[at] = byte;
      return bytes;
    });
    let sent = 0;
    const any = fc.oneof(
      mutated,
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      fc.json().map((json) => Buffer.from(json)),
    );
    await fc.assert(
      fc.asyncProperty(any, async (bytes) => {
        body = bytes;
        const verdict = classify(await api.status('1'), rules);
        if (verdict.kind !== 'sent') return;
        sent += 1;
        expect(JSON.parse(bytes.toString())).toMatchObject({
          status: expect.stringMatching(/^[\W_]*success[\W_]*$/i),
          message: expect.stringMatching(/^[\W_]*sent([\W_]|$)/i),
        });
      }),
      { numRuns: Number(process.env['FUZZ_RUNS'] ?? 1_000), examples: [[Buffer.from(good)]] },
    );
    expect(sent).toBeGreaterThan(0); // else nothing was checked
  }, 600_000);
});
