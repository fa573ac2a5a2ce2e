import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { fateOf, UNDER_WAY } from '../../src/simulator/fate.ts';
import { Harness, type HarnessOptions } from '../support/harness.ts';
import { leaks, pageTexts, redisTexts, type Seen } from '../support/leaks.ts';
import { rawHttp, statusCodes } from '../support/raw-http.ts';
import { freePort } from '../support/redis-server.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { useRedis } from '../support/use-redis.ts';
import { CliProcess } from '../support/worker-process.ts';

const SECRET = 'xK3_callback-secret-7Q';
const FORM = 'content-type: application/x-www-form-urlencoded';
type Request = NonNullable<Parameters<typeof fetch>[1]>;

const redis = useRedis();

/** The service with its callback server, metrics included. It does not run yet with `run: false`. */
async function startHarness(options: Partial<HarnessOptions> & { readonly run?: boolean } = {}): Promise<Harness> {
  const [callbackPort, dashboardPort] = [await freePort(), await freePort()];
  const env = { CALLBACK_PORT: String(callbackPort), CALLBACK_SECRET: SECRET, DASHBOARD_PORT: String(dashboardPort) };
  return Harness.start({ redisUrl: redis.url, ...options, env: { ...env, ...options.env } });
}

/** Lets the service run, until it has what it needs: Redis. */
async function runReady(harness: Harness): Promise<void> {
  await harness.run();
  const readiness = `http://127.0.0.1:${harness.settings.DASHBOARD_PORT}/readyz`;
  await harness.untilAsync(async () => ((await fetch(readiness)).ok ? true : undefined));
}

const origin = ({ settings }: Harness): string => `http://127.0.0.1:${settings.CALLBACK_PORT}`;
const callbackUrl = (harness: Harness): string => `${origin(harness)}/callback/${SECRET}`;

/** As Fax.to posts it. */
async function post(url: string, faxId: number | string, status = 'success'): Promise<number> {
  const body = new URLSearchParams({ fax_job_id: String(faxId), status, msg_code: 'ok', message: 'Fax sent' });
  const response = await fetch(url, { method: 'POST', body });
  await response.arrayBuffer();
  return response.status;
}

/** How many hints of callbacks had each outcome. */
async function outcomes({ settings }: Harness): Promise<Record<string, number>> {
  const metrics = await (await fetch(`http://127.0.0.1:${settings.DASHBOARD_PORT}/metrics`)).text();
  const counted = metrics.matchAll(/^fax_hints_total\{source="callback",outcome="(\w+)"\} (\d+)$/gm);
  return Object.fromEntries([...counted].map(([, outcome = '', count]) => [outcome, Number(count)]));
}

/**
 * Faxes in flight that were found pending, and that nothing but a hint has polled again within an hour. The service
 * is stopped.
 */
async function leaveAlone(harness: Harness, faxIds: readonly number[]): Promise<void> {
  const jobs = new Map<number, string>();
  for (const faxId of faxIds) {
    harness.simulator.send(faxId, { first: [UNDER_WAY], then: fateOf('pending', 0).then });
    jobs.set(faxId, await harness.enqueue(faxId));
  }
  const delayed = async (): Promise<boolean> =>
    (await Promise.all([...jobs.values()].map((id) => harness.queue.getJobState(id)))).every((s) => s === 'delayed');
  do {
    await harness.run();
    for (const [faxId, id] of jobs) {
      await harness.until(() => (harness.requestsFor(faxId) >= 1 ? true : undefined));
      await harness.job(id, 'delayed');
    }
    await harness.close();
  } while (!(await delayed())); // one may have fallen due just before the end
  for (const id of jobs.values()) {
    const job = await harness.queue.getJob(id);
    await job?.updateProgress({ ...(job.progress as object), leftOver: false });
    await job?.changeDelay(3_600_000);
  }
}

describe('answers', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness({ run: false });
    await runReady(harness);
  });
  afterAll(() => harness.stop());

  const form = (text: string): Request => ({
    method: 'POST',
    body: text,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });
  const json = (text: string): Request => ({
    method: 'POST',
    body: text,
    headers: { 'content-type': 'application/json; charset=utf-8' },
  });
  const typed = (type: string): Request => ({
    method: 'POST',
    body: 'fax_job_id=1',
    headers: { 'content-type': type },
  });
  const path = `/callback/${SECRET}`;
  const big = `fax_job_id=1&message=${'x'.repeat(8 * 1024)}`;

  it.each<[string, number, string, Request]>([
    ['a form', 200, path, form('fax_job_id=216&status=success&msg_code=&message=Sent%21')],
    [
      'JSON, the id a number',
      200,
      path,
      json('{"fax_job_id":216,"status":"success","msg_code":null,"message":"Sent"}'),
    ],
    ['JSON, the id text', 200, path, json('{"fax_job_id":"abc_-1"}')],
    ['a form with a query in the URL', 200, `${path}?from=fax`, form('fax_job_id=216')],
    ['a form without an id', 400, path, form('status=success')],
    ['an empty form', 400, path, form('')],
    ['an id with a space', 400, path, form('fax_job_id=a%20b')],
    ['an id of 65 characters', 400, path, form(`fax_job_id=${'1'.repeat(65)}`)],
    ['JSON without an id', 400, path, json('{}')],
    ['JSON, the id 0', 400, path, json('{"fax_job_id":0}')],
    ['JSON, the id a fraction', 400, path, json('{"fax_job_id":1.5}')],
    ['JSON, the id beyond exact numbers', 400, path, json('{"fax_job_id":9007199254740993}')],
    ['JSON that is a list', 400, path, json('[{"fax_job_id":1}]')],
    ['JSON that is null', 400, path, json('null')],
    ['broken JSON', 400, path, json('{"fax_job_id":1')],
    ['JSON with a prototype', 400, path, json('{"fax_job_id":1,"__proto__":{}}')],
    ['a form over 8 KiB', 413, path, form(big)],
    ['JSON over 8 KiB', 413, path, json(JSON.stringify({ fax_job_id: 1, message: big }))],
    ['plain text', 415, path, typed('text/plain')],
    ['a form in parts', 415, path, typed('multipart/form-data; boundary=x')],
    ['no media type at all', 415, path, typed('nonsense')],
    ['a wrong secret', 404, `/callback/${SECRET.slice(1)}x`, form('fax_job_id=1')],
    ['the secret and more', 404, `${path}x`, form('fax_job_id=1')],
    ['a part of the secret', 404, path.slice(0, -1), form('fax_job_id=1')],
    ['the secret and a slash', 404, `${path}/`, form('fax_job_id=1')],
    ['the secret in another case', 404, path.toLowerCase(), form('fax_job_id=1')],
    ['no secret', 404, '/callback/', form('fax_job_id=1')],
    ['no path', 404, '/', form('fax_job_id=1')],
    ['a path that cannot be decoded', 404, '/callback/%zz', form('fax_job_id=1')],
    ['a wrong secret with a body over 8 KiB', 404, '/callback/wrong', form(big)],
    ['a wrong secret with plain text', 404, '/callback/wrong', typed('text/plain')],
    ['a wrong secret, GET', 404, '/callback/wrong', { method: 'GET' }],
    ...['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'].map(
      (method): [string, number, string, Request] => [method, 405, path, { method }],
    ),
  ])('%s: %i', async (_what, code, where, request) => {
    const response = await fetch(`${origin(harness)}${where}`, request);
    const text = await response.text();
    const allow = response.headers.get('allow');
    expect([response.status, allow]).toEqual([code, code === 405 ? 'POST' : null]);
    if (request.method !== 'HEAD')
      expect(JSON.parse(text)).toEqual(code === 200 ? { status: 'ok' } : { error: expect.any(String) });
    expect(leaks(SECRET, new Map([['answer', JSON.stringify([text, ...response.headers])]]))).toEqual([]);
  });

  it('what is not to be read is answered before its body has come, and a body that is late ends the connection', async () => {
    const head = (where: string): string =>
      `POST ${where} HTTP/1.1\r\nhost: x\r\n${FORM}\r\ncontent-length: 1000\r\n\r\nfax_job`;
    const [wrong, right] = await Promise.all([
      rawHttp(origin(harness), head('/callback/wrong')),
      rawHttp(origin(harness), head(path)),
    ]);
    expect([statusCodes(wrong)[0], statusCodes(right)]).toEqual([404, [408]]);
  }, 20_000);

  it('a chunked body is cut at 8 KiB', async () => {
    const chunked = `${big.length.toString(16)}\r\n${big}\r\n0\r\n\r\n`;
    const request = `POST ${path} HTTP/1.1\r\nhost: x\r\n${FORM}\r\ntransfer-encoding: chunked\r\n\r\n${chunked}`;
    expect(statusCodes(await rawHttp(origin(harness), request))).toEqual([413]);
  });
});

describe('a callback is a hint', () => {
  let harness: Harness;
  afterEach(() => harness.stop());

  it('a fax in flight is polled next, within 100 ms in the middle', async () => {
    harness = await startHarness({ run: false });
    const faxIds = Array.from({ length: 11 }, (_, i) => i + 1);
    await leaveAlone(harness, faxIds);
    await runReady(harness);
    const took: number[] = [];
    for (const faxId of faxIds) {
      harness.simulator.send(faxId, fateOf('sent', 0));
      const before = harness.requestsFor(faxId);
      const postedAt = Date.now();
      expect(await post(callbackUrl(harness), faxId)).toBe(200);
      expect((await harness.event(faxId)).data.state).toBe('sent');
      expect(harness.requestsFor(faxId)).toBe(before + 1);
      took.push((harness.simulator.log.findLast((seen) => seen.faxId === String(faxId))?.at ?? Infinity) - postedAt);
    }
    expect(took.sort((a, b) => a - b)[5]).toBeLessThan(100);
    expect(await outcomes(harness)).toEqual({ confirmed: 11, early: 0, unwatched: 0 });
  });

  it('of a fax that is not in flight, it is kept: the fax is polled for it once enqueued', async () => {
    harness = await startHarness({ run: false });
    await runReady(harness);
    harness.simulator.send(7, fateOf('sent', 0));
    expect(await post(callbackUrl(harness), 7)).toBe(200);
    const kept = `${harness.settings.KEY_PREFIX}hint:7`;
    expect(await harness.redis.pttl(kept)).toBeGreaterThan(14 * 60_000);
    expect(await outcomes(harness)).toEqual({ confirmed: 0, early: 0, unwatched: 1 });
    await harness.enqueue(7);
    await harness.event(7);
    expect(await harness.redis.exists(kept)).toBe(0);
    expect(await outcomes(harness)).toEqual({ confirmed: 1, early: 0, unwatched: 1 });
  });

  it('a forged one makes no result: three polls, the least interval apart', async () => {
    harness = await startHarness({ run: false, env: { POLL_MIN_INTERVAL_MS: '300', POLL_MAX_INTERVAL_MS: '600000' } });
    await leaveAlone(harness, [5]);
    const before = harness.requestsFor(5);
    await runReady(harness);
    await sleep(300); // the least interval since its first poll
    expect(await post(callbackUrl(harness), 5)).toBe(200);
    await harness.untilAsync(async () => ((await outcomes(harness))['early'] === 3 ? true : undefined));
    const times = harness.simulator.log.map(({ at }) => at);
    for (const [i, at] of times.slice(1).entries()) expect(at - (times[i] ?? 0)).toBeGreaterThanOrEqual(299);
    await harness.until(() => (harness.requestsFor(5) >= before + 4 ? true : undefined)); // by the schedule
    expect(await outcomes(harness)).toEqual({ confirmed: 0, early: 3, unwatched: 0 });
    expect([await harness.result(5), harness.events]).toEqual([{}, []]);
  });

  it('300 of one fax in a second lead to at most one poll per least interval', async () => {
    harness = await startHarness({ run: false, env: { POLL_MIN_INTERVAL_MS: '400', POLL_MAX_INTERVAL_MS: '600000' } });
    await leaveAlone(harness, [5]);
    const before = harness.requestsFor(5);
    await runReady(harness);
    const startedAt = Date.now();
    for (let burst = 0; burst < 30; burst += 1) {
      const codes = await Promise.all(Array.from({ length: 10 }, () => post(callbackUrl(harness), 5)));
      expect(new Set(codes)).toEqual(new Set([200]));
      await sleep(Math.max(0, startedAt + (burst + 1) * 33 - Date.now()));
    }
    await harness.until(() => (harness.requestsFor(5) >= before + 3 ? true : undefined));
    const times = harness.simulator.log.map(({ at }) => at);
    for (const [i, at] of times.slice(1).entries()) expect(at - (times[i] ?? 0)).toBeGreaterThanOrEqual(399);
  });
});

describe('what stands in the way', () => {
  let harness: Harness;
  afterEach(() => harness.stop());

  it('over 600 a minute from one address: 429, and wrong secrets use up none of what right ones may', async () => {
    harness = await startHarness({ run: false });
    await runReady(harness);
    const codesOf = async (url: string): Promise<Map<number, number>> => {
      const counts = new Map<number, number>();
      for (let i = 0; i < 61; i += 1) {
        const codes = await Promise.all(Array.from({ length: 10 }, () => post(url, 1)));
        for (const code of codes) counts.set(code, (counts.get(code) ?? 0) + 1);
      }
      return counts;
    };
    expect(await codesOf(`${origin(harness)}/callback/wrong`)).toEqual(
      new Map([
        [404, 600],
        [429, 10],
      ]),
    );
    expect(await codesOf(callbackUrl(harness))).toEqual(
      new Map([
        [200, 600],
        [429, 10],
      ]),
    );
    const response = await fetch(callbackUrl(harness), { method: 'POST' });
    expect(response.status).toBe(429);
    expect(Number(response.headers.get('retry-after'))).toBeLessThanOrEqual(60);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  });

  it('while Redis is away, or gives no answer: 503 within the time of one request, and 200 once it is back', async () => {
    const proxy = await TcpProxy.start(Number(new URL(redis.url).port));
    harness = await startHarness({ run: false });
    const worker = new CliProcess(['worker'], { ...harness.env, REDIS_URL: proxy.url, LOG_LEVEL: 'info' });
    await worker.line(/worker started/);
    const posted = async (): Promise<{ code: number; ms: number }> => {
      const at = performance.now();
      return { code: await post(callbackUrl(harness), 9), ms: performance.now() - at };
    };
    expect((await posted()).code).toBe(200);
    proxy.freeze();
    const frozen = await posted();
    expect(frozen.code).toBe(503);
    expect(frozen.ms).toBeLessThan(3_000);
    await proxy.stop();
    await worker.line(/redis is away/);
    const away = await posted();
    expect(away.code).toBe(503);
    expect(away.ms).toBeLessThan(1_000);
    await proxy.back();
    await worker.line(/redis is back/);
    expect((await posted()).code).toBe(200);
    expect(await worker.exit('SIGTERM')).toBe(0);
    await proxy.stop();
  }, 30_000);

  it('a port that another worker has: the second goes on without; a dashboard takes no callbacks', async () => {
    harness = await startHarness({ run: false, env: { LOG_LEVEL: 'info' } });
    const board = new CliProcess(['dashboard'], { ...harness.env, DASHBOARD_PORT: String(await freePort()) });
    await board.line(/"overview and dashboard"/);
    await expect(post(callbackUrl(harness), 1)).rejects.toThrow('fetch failed');
    expect(await board.exit('SIGTERM')).toBe(0);
    const first = new CliProcess(['worker'], harness.env);
    await first.line(/callbacks are taken/);
    const other = new CliProcess(['worker'], harness.env);
    await other.line(/this worker takes no callbacks/);
    await other.line(/worker started/);
    expect(await first.exit('SIGTERM')).toBe(0);
    harness.simulator.send(1, fateOf('sent', 0));
    await harness.enqueue(1);
    await harness.event(1);
    expect(await other.exit('SIGTERM')).toBe(0);
  });

  it('neither the secret nor the text of a callback is in any log, Redis key, metric or page', async () => {
    harness = await startHarness({ run: false, env: { LOG_LEVEL: 'trace' } });
    const worker = new CliProcess(['start'], harness.env);
    await worker.line(/worker started/);
    await worker.line(/callbacks are taken/);
    const message = 'words-of-a-callback';
    const body = JSON.stringify({ fax_job_id: 3, status: message, msg_code: message, message });
    const request = { method: 'POST', body, headers: { 'content-type': 'application/json' } };
    harness.simulator.send(3, fateOf('sent', 100));
    const job = await harness.enqueue(3);
    const urls = ['', '/', '/x', '%zz', '?a=b'].map((more) => `${callbackUrl(harness)}${more}`);
    const dashboard = `http://127.0.0.1:${harness.settings.DASHBOARD_PORT}`;
    const seen: Seen = new Map();
    for (const url of [...urls, `${origin(harness)}/${SECRET}`]) {
      for (const init of [request, { ...request, body: '{' }, { method: 'GET' }]) {
        const response = await fetch(url, init);
        seen.set(`${init.method} ${seen.size}`, JSON.stringify([...response.headers, await response.text()]));
      }
    }
    seen.set('broken HTTP', await rawHttp(origin(harness), `POST /callback/${SECRET} HTTP/9\r\n\r\n`));
    await harness.event(3);
    for (const [where, text] of [
      ...(await pageTexts(dashboard, harness.settings.QUEUE_NAME, [job])),
      ...(await redisTexts(harness.redis)),
    ])
      seen.set(where, text);
    seen.set('events', JSON.stringify([harness.events, harness.alerts]));
    expect(await worker.exit('SIGTERM')).toBe(0);
    seen.set('log', worker.output);
    expect(worker.lines.length).toBeGreaterThan(5);
    expect(leaks(SECRET, seen)).toEqual([]);
    expect(leaks(message, seen)).toEqual([]);
  });
});
