import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setImmediate } from 'node:timers/promises';
import { inspect } from 'node:util';
import { afterEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { loadRules } from '../../src/fax-api/classification-rules.ts';
import { classify } from '../../src/fax-api/classify.ts';
import { FaxApiClient, type FaxApiSettings } from '../../src/fax-api/client.ts';
import { freePort } from '../support/redis-server.ts';

const KEY = 'k3y/with+odd=chars';
let server: Server | undefined;
let client: FaxApiClient | undefined;
afterEach(() => {
  void client?.close();
  server?.closeAllConnections();
  server?.close();
});

/** A status whose message has the key, both plain and as in the URL. */
const echoOf = ({ url }: IncomingMessage): string => JSON.stringify({ status: KEY, message: `${KEY} ${url}` });

const clientOf = (url: string, settings: Partial<FaxApiSettings> = {}): FaxApiClient =>
  (client = new FaxApiClient({
    FAX_API_KEY: KEY,
    FAX_API_BASE_URL: url,
    FAX_API_METHOD: 'GET',
    FAX_API_TIMEOUT_MS: 2_000,
    WORKER_CONCURRENCY: 10,
    ...settings,
  }));

async function serve(handler: RequestListener, settings?: Partial<FaxApiSettings>): Promise<FaxApiClient> {
  server = createServer(handler).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return clientOf(`http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v2/`, settings);
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

  it('sends the id of each request as x-request-id', async () => {
    const seen: IncomingHttpHeaders[] = [];
    const api = await serve((request, response) => {
      seen.push(request.headers);
      response.end('{"status":"success"}');
    });
    const ids = [(await api.status('1')).requestId, (await api.status('2')).requestId];
    expect(ids[0]).not.toBe(ids[1]);
    expect(seen).toEqual(
      ids.map((id) => ({
        host: expect.any(String),
        connection: 'keep-alive',
        'user-agent': 'faxwatch',
        accept: 'application/json',
        'accept-encoding': 'identity',
        'x-request-id': id,
      })),
    );
  });

  it('sends the key of a POST in a form body, and in no URL', async () => {
    const seen: unknown[] = [];
    const handler: RequestListener = (request, response) => {
      const { method, url, headers } = request;
      void text(request).then((body) => {
        seen.push({ method, url, type: headers['content-type'], body });
        response.end('{"status":"success"}');
      });
    };
    const api = await serve(handler, { FAX_API_METHOD: 'POST' });
    const asked = {
      method: 'POST',
      url: '/api/v2/fax/a-1/status',
      type: 'application/x-www-form-urlencoded',
      body: String(new URLSearchParams({ api_key: KEY })),
    };
    for (let i = 0; i < 2; i += 1) expect(await api.status('a-1')).toMatchObject({ apiStatus: 'success' });
    expect(seen).toEqual([asked, asked]);
  });

  it.each([301, 302, 303, 307, 308])('does not follow a %i with the key', async (code) => {
    const seen: (string | undefined)[] = [];
    const api = await serve((request, response) => {
      seen.push(request.url);
      response.writeHead(code, { location: `/elsewhere?api_key=${encodeURIComponent(KEY)}` }).end();
    });
    expect(await api.status('1')).toMatchObject({ kind: 'fault', fault: 'redirect' });
    expect(seen).toEqual([expect.stringMatching(/^\/api\/v2\/fax\/1\/status\?/)]);
  });

  it.each<[string, RequestListener]>([
    ['that echoes it', (request, response) => response.end(echoOf(request))],
    ['that echoes it with 500', (request, response) => response.writeHead(500).end(echoOf(request))],
    ['that redirects with it', (request, response) => response.writeHead(302, { location: request.url }).end()],
    ['that is no JSON', (request, response) => response.end(request.url)],
    ['that is too long', (request, response) => response.end(echoOf(request).repeat(1_000))],
    [
      'cut short',
      (request, response) =>
        response.writeHead(200, { 'x-url': request.url }).write(echoOf(request), () => response.destroy()),
    ],
    ['that never comes', () => undefined],
  ])('keeps the key to itself at an answer %s', async (_what, answer) => {
    const api = await serve(answer, { FAX_API_TIMEOUT_MS: 300 });
    const shown = inspect(await api.status('1'), { depth: null, showHidden: true }); // a throw fails the test
    for (const secret of [KEY, encodeURIComponent(KEY), 'api_key=k3y']) expect(shown).not.toContain(secret);
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
