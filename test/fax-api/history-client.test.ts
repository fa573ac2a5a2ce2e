import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { inspect } from 'node:util';
import { afterEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { HistoryAnswer } from '../../src/fax-api/history-answer.ts';
import { HistoryClient, type HistorySettings } from '../../src/fax-api/history-client.ts';
import { normalise } from '../../src/fax-api/wording.ts';

const KEY = 'k3y/with+odd=chars';
const MIB = 1024 * 1024;
let server: Server | undefined;
let client: HistoryClient | undefined;
afterEach(async () => {
  await client?.close();
  server?.closeAllConnections();
  server?.close();
});

async function serve(handler: RequestListener, settings?: Partial<HistorySettings>): Promise<HistoryClient> {
  server = createServer(handler).listen(0, '127.0.0.1');
  await once(server, 'listening');
  client = new HistoryClient({
    FAX_API_KEY: KEY,
    FAX_API_BASE_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v2/`,
    FAX_API_METHOD: 'GET',
    FAX_API_TIMEOUT_MS: 2_000,
    HISTORY_PAGE_SIZE: 50,
    ...settings,
  });
  return client;
}

/** What the client makes of a body. */
async function answerTo(body: unknown): Promise<HistoryAnswer> {
  const api = await serve((_request, response) => response.end(typeof body === 'string' ? body : JSON.stringify(body)));
  return api.page(1);
}

const DOCUMENTED = {
  id: 92334,
  created: { date: '2017-03-09 15:35:28.120000', timezone_type: 3, timezone: 'UTC' },
  document_id: 112601,
  document: 'FAX11920.pdf',
  recipient: '441224459292',
  status: 'success',
};
const listOf = (...history: unknown[]) => ({ status: 'success', history });

describe('the request', () => {
  it('is a GET of the list with everything in the query', async () => {
    let seen = '';
    const api = await serve((request, response) => {
      seen = `${request.method} ${request.url}`;
      response.end(JSON.stringify(listOf()));
    });
    await api.page(3);
    expect(seen).toBe('GET /api/v2/fax-history?api_key=k3y%2Fwith%2Bodd%3Dchars&limit=50&page=3');
  });

  it('is with POST a form of it, and never goes to /fax, which would send a fax', async () => {
    const seen: string[] = [];
    const api = await serve(
      (request, response) => {
        void text(request).then((form) => {
          seen.push(`${request.method} ${request.url} ${request.headers['content-type']} ${form}`);
          response.end(JSON.stringify(listOf()));
        });
      },
      { FAX_API_METHOD: 'POST' },
    );
    await api.page(1);
    expect(seen).toEqual([
      'POST /api/v2/fax-history application/x-www-form-urlencoded api_key=k3y%2Fwith%2Bodd%3Dchars&limit=50&page=1',
    ]);
  });

  it.each([429, 401, 403, 404, 500])('is never sent twice, and %i is no list', async (code) => {
    let requests = 0;
    const api = await serve((_request, response) => {
      requests += 1;
      response.writeHead(code, { 'retry-after': '0' }).end(JSON.stringify(listOf(DOCUMENTED)));
    });
    expect(await api.page(1)).toEqual({ kind: 'unusable', reason: `the API answers ${code} to it` });
    expect(requests).toBe(1);
  });

  it('follows no redirect, which could lead to a path that sends a fax', async () => {
    let requests = 0;
    const api = await serve((_request, response) => {
      requests += 1;
      response.writeHead(307, { location: '/api/v2/fax' }).end();
    });
    expect(await api.page(1)).toEqual({ kind: 'unusable', reason: 'the API answers 307 to it' });
    expect(requests).toBe(1);
  });

  it('has the time-out of any request', async () => {
    const api = await serve(() => undefined, { FAX_API_TIMEOUT_MS: 50 });
    expect(await api.page(1)).toEqual({ kind: 'unusable', reason: 'a request of it fails: timeout' });
  });

  it('that is reset is no list', async () => {
    const api = await serve((request) => request.socket.resetAndDestroy());
    expect(await api.page(1)).toEqual({ kind: 'unusable', reason: 'a request of it fails: connection' });
  });
});

describe('an entry', () => {
  it('is its id, its status as a word and when it was created; document and recipient are dropped', async () => {
    const answer = await answerTo(listOf(DOCUMENTED));
    expect(answer).toEqual({
      kind: 'list',
      entries: [{ faxId: '92334', word: 'success', createdAt: Date.UTC(2017, 2, 9, 15, 35, 28, 120) }],
    });
    expect(inspect(answer, { depth: null })).not.toMatch(/441224459292|FAX11920|112601/);
  });

  it('has its id as a number or as text', async () => {
    const answer = await answerTo(
      listOf({ id: 7, status: 'a' }, { id: '007', status: 'a' }, { id: 'x-1', status: 'a' }),
    );
    expect(answer).toMatchObject({ entries: [{ faxId: '7' }, { faxId: '007' }, { faxId: 'x-1' }] });
  });

  it.each([
    ['no status', {}],
    ['a status that is no text', { status: 3 }],
    ['a status of over 40 characters', { status: 'a'.repeat(41) }],
    ['a status of punctuation alone', { status: ' -- ' }],
  ])('with %s has no word', async (_what, more) => {
    expect(await answerTo(listOf({ id: 1, ...more }))).toEqual({
      kind: 'list',
      entries: [{ faxId: '1', word: '', createdAt: undefined }],
    });
  });

  it.each([{ date: 'yesterday' }, { date: 5 }, {}, null, '2017-03-09', []])(
    'created %j has no date',
    async (created) => {
      expect(await answerTo(listOf({ id: 1, status: 'Sent', created }))).toEqual({
        kind: 'list',
        entries: [{ faxId: '1', word: 'sent', createdAt: undefined }],
      });
    },
  );

  it('that is odd is left out, and the others are read', async () => {
    const odd = [null, 5, 'x', [], {}, { id: -1 }, { id: 1.5 }, { id: 'a/b' }, { id: '' }, { id: 'x'.repeat(65) }];
    expect(await answerTo(listOf(...odd, DOCUMENTED))).toMatchObject({ kind: 'list', entries: [{ faxId: '92334' }] });
  });

  it('in which the API echoes the key does not hold it', async () => {
    const words = [KEY, encodeURIComponent(KEY), `Sent with ${KEY}`];
    const answer = await answerTo(listOf(...words.map((status) => ({ id: 1, status }))));
    expect(answer.kind).toBe('list');
    expect(inspect(answer, { depth: null })).not.toContain(normalise(KEY));
  });

  it('in which the API echoes the key that is in use now, or the one before, holds neither', async () => {
    const newKey = 'another-secret-987654';
    const words = [`with ${newKey}`, `with ${KEY}`];
    const list = listOf(...words.map((status) => ({ id: 1, status })));
    const api = await serve((_request, response) => response.end(JSON.stringify(list)));
    api.useKey(newKey);
    const text = inspect(await api.page(1), { depth: null });
    for (const key of [newKey, KEY]) expect(text).not.toContain(normalise(key));
  });
});

describe('a list', () => {
  it('may be empty', async () => {
    expect(await answerTo(listOf())).toEqual({ kind: 'list', entries: [] });
  });

  it.each<[string, unknown, string]>([
    ['a web page', '<!doctype html><title>Log in</title>', 'it is no JSON'],
    ['nothing', '', 'it is no JSON'],
    ['null', null, 'it has another shape than documented'],
    ['an array', [DOCUMENTED], 'it has another shape than documented'],
    ['another shape', { status: 'success', data: [] }, 'it has another shape than documented'],
    ['a history by id', { history: { 1: DOCUMENTED } }, 'it has another shape than documented'],
    ['entries of another shape', listOf({ fax_id: 1 }, { fax_id: 2 }), 'its entries have another shape'],
  ])('that is %s is none', async (_what, body, reason) => {
    expect(await answerTo(body)).toEqual({ kind: 'unusable', reason });
  });

  it('has at most 1 MiB', async () => {
    const padded = (bytes: number): string => JSON.stringify(listOf(DOCUMENTED)).padEnd(bytes, ' ');
    expect(await answerTo(padded(MIB))).toMatchObject({ kind: 'list' });
    server?.close();
    await client?.close();
    expect(await answerTo(padded(MIB + 1))).toEqual({
      kind: 'unusable',
      reason: 'a request of it fails: too_large',
    });
  });

  it('that is any JSON is an answer, in fixed words if it is none', async () => {
    let body = '';
    const api = await serve((_request, response) => response.end(body));
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.json(),
          fc.jsonValue().map((history) => JSON.stringify({ history })),
        ),
        async (json) => {
          body = json;
          const answer = await api.page(1);
          if (answer.kind === 'unusable') expect(answer.reason).toMatch(/^(it has another shape|its entries have)/);
        },
      ),
    );
  });
});
