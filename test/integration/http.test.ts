import { request } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import { fateOf } from '../../src/simulator/fate.ts';
import { Harness } from '../support/harness.ts';
import { rawHttp, statusCodes } from '../support/raw-http.ts';
import { freePort } from '../support/redis-server.ts';
import { useRedis } from '../support/use-redis.ts';

// Contract §5: one port.

const redis = useRedis();
let harness: Harness;
let url: string;
afterEach(() => harness.stop());

const start = async (env: Record<string, string> = {}): Promise<void> => {
  harness = await Harness.start({
    redisUrl: redis.url,
    run: false,
    env: { DASHBOARD_PORT: String(await freePort()), ...env },
  });
  url = (await harness.run({ worker: true, board: true })).address ?? '';
};
const get = (path: string, init: RequestInit = {}) => fetch(`${url}${path}`, { redirect: 'manual', ...init });
type ShownJob = {
  timestamp: number;
  delay: number;
  opts: { delay: number };
  progress: { nextPollAt: string };
};
const basic = (user: string, password: string) => ({
  headers: { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` },
});

describe('the dashboard', () => {
  it('is at /queues, the overview at / links to it, and its API shows a job with its progress and log', async () => {
    await start({ POLL_MIN_INTERVAL_MS: '60000', POLL_MAX_INTERVAL_MS: '60000' });
    harness.simulator.send(200, fateOf('pending', 0));
    const id = await harness.enqueue(200);
    await harness.job(id, 'delayed');
    const root = await get('/');
    expect([root.status, (await root.text()).includes('href="/queues"')]).toEqual([200, true]);
    const page = await get('/queues');
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('Faxwatch');
    const queue = harness.settings.QUEUE_NAME;
    const job = (await (await get(`/queues/api/queues/${queue}/${id}`)).json()) as { job: { progress: object } };
    expect(job.job.progress).toMatchObject({
      polls: 1,
      lastMessage: 'Fax is being sent',
      nextPollAt: expect.any(String),
    });
    expect(JSON.stringify(await (await get(`/queues/api/queues/${queue}/${id}/logs`)).json())).toContain(
      'Fax is being sent',
    );
  });

  it('what does not exist is a page for browsers, JSON for others, and behind the password too', async () => {
    await start({ DASHBOARD_USERNAME: 'ops', DASHBOARD_PASSWORD: 'correct horse' });
    const asOps = basic('ops', 'correct horse');
    const page = await get('/nothing', { headers: { ...asOps.headers, accept: 'text/html,*/*;q=0.8' } });
    expect([page.status, await page.text()]).toEqual([404, expect.stringContaining('There is no such page here')]);
    const json = await get('/nothing', asOps);
    expect([json.status, await json.json()]).toEqual([404, { error: 'no such page' }]);
    expect((await get('/nothing')).status).toBe(401);
  });

  it('asks for the password on every page but health, readiness and metrics', async () => {
    await start({ DASHBOARD_USERNAME: 'ops', DASHBOARD_PASSWORD: 'correct horse' });
    for (const path of ['/', '/queues', '/queues/api/queues']) {
      expect([path, (await get(path)).status]).toEqual([path, 401]);
      expect([path, (await get(path, basic('ops', 'wrong'))).status]).toEqual([path, 401]);
      expect([path, (await get(path, basic('admin', 'correct horse'))).status]).toEqual([path, 401]);
      expect((await get(path, basic('ops', 'correct horse'))).status).toBeLessThan(400);
    }
    for (const path of ['/healthz', '/readyz', '/metrics'])
      expect([path, (await get(path)).status]).toEqual([path, 200]);
  });

  it('refuses an address for a minute after ten wrong passwords, and no other', async () => {
    await start({ DASHBOARD_PASSWORD: 'correct horse' });
    const statusOf = async (password: string): Promise<number> =>
      (await get('/queues', basic('admin', password))).status;
    expect((await get('/queues')).status).toBe(401); // without any, as a browser asks first: no attempt
    expect(await Promise.all(Array.from({ length: 10 }, (_, i) => statusOf(`wrong ${i}`)))).toEqual(
      Array.from({ length: 10 }, () => 401),
    );
    expect([await statusOf('wrong again'), await statusOf('correct horse')]).toEqual([429, 429]);
    const elsewhere = await new Promise<number | undefined>((resolve, reject) => {
      request(url, { path: '/queues', localAddress: '127.0.0.2', ...basic('admin', 'correct horse') }, (response) =>
        resolve(response.resume().statusCode),
      )
        .once('error', reject)
        .end();
    });
    expect(elsewhere).toBe(200);
    expect((await get('/healthz')).status).toBe(200);
  });

  it('finds the right password no better when all guesses come in one packet', async () => {
    await start({ DASHBOARD_PASSWORD: 'correct horse' });
    const attempt = (password: string, connection = 'keep-alive'): string => {
      const { authorization } = basic('admin', password).headers;
      return [
        'GET /queues HTTP/1.1',
        'host: localhost',
        `authorization: ${authorization}`,
        `connection: ${connection}`,
        '\r\n',
      ].join('\r\n');
    };
    const right = Array.from({ length: 20 }, (_, i) => attempt('correct horse', i === 19 ? 'close' : 'keep-alive'));
    expect(statusCodes(await rawHttp(url, right.join('')))).toEqual(Array.from({ length: 20 }, () => 200));
    const guesses = Array.from({ length: 300 }, (_, i) => attempt(i === 250 ? 'correct horse' : `wrong ${i}`));
    const codes = statusCodes(await rawHttp(url, guesses.join('') + attempt('wrong', 'close')));
    expect(codes).toEqual([...Array.from({ length: 10 }, () => 401), ...Array.from({ length: 291 }, () => 429)]);
  });

  it('answers no other Host than loopback without a password, but for health, readiness and metrics', async () => {
    await start();
    const ask = async (path: string, host: string | undefined): Promise<string> => {
      const lines = [`GET ${path} HTTP/1.0`, ...(host === undefined ? [] : [`host: ${host}`]), 'connection: close'];
      return rawHttp(url, `${lines.join('\r\n')}\r\n\r\n`);
    };
    const api = `/queues/api/queues/${harness.settings.QUEUE_NAME}`;
    for (const host of ['evil.example:3000', 'localhost.evil.example', '127.0.0.1.evil.example', '', undefined]) {
      for (const path of ['/', '/queues', '/queues/api/queues']) {
        const answer = await ask(path, host);
        expect([host, path, statusCodes(answer)]).toEqual([host, path, [403]]);
        expect(answer).toContain('DASHBOARD_PASSWORD');
      }
      for (const path of ['/healthz', '/readyz', '/metrics']) {
        expect([host, path, statusCodes(await ask(path, host))]).toEqual([host, path, [200]]);
      }
    }
    const rebound = 'host: evil.example\r\norigin: http://evil.example\r\nsec-fetch-site: same-origin\r\n';
    const end = 'content-length: 0\r\nconnection: close\r\n\r\n';
    const pause = await rawHttp(url, `PUT ${api}/pause HTTP/1.1\r\n${rebound}${end}`);
    expect([statusCodes(pause), await harness.queue.isPaused()]).toEqual([[403], false]);
    for (const host of ['localhost', 'LOCALHOST:3000', '127.0.0.1', '127.8.9.1:80', '[::1]:3000']) {
      expect([host, statusCodes(await ask('/queues', host))]).toEqual([host, [200]]);
    }
  });

  it('answers any Host with a password', async () => {
    await start({ DASHBOARD_PASSWORD: 'correct horse' });
    const { authorization } = basic('admin', 'correct horse').headers;
    const headers = `host: fax.example\r\nauthorization: ${authorization}\r\nconnection: close\r\n`;
    const page = await rawHttp(url, `GET /queues HTTP/1.1\r\n${headers}\r\n`);
    expect(statusCodes(page)).toEqual([200]);
  });

  it('changes nothing when it is read-only', async () => {
    await start({ DASHBOARD_READ_ONLY: 'true' });
    const api = `/queues/api/queues/${harness.settings.QUEUE_NAME}`;
    const id = await harness.enqueue('not an id');
    await harness.job(id, 'failed');
    for (const [method, path] of [
      ['PUT', '/pause'],
      ['PUT', `/${id}/retry`],
      ['PUT', `/${id}/clean`],
      ['PUT', '/clean/failed'],
      ['PUT', '/empty'],
      ['POST', '/add'],
    ] as const) {
      expect([path, (await get(api + path, { method, headers: { origin: url } })).status]).toEqual([path, 403]);
    }
    expect([await harness.queue.isPaused(), await harness.queue.getJobState(id)]).toEqual([false, 'failed']);
    const board = (await (await get('/queues/api/queues')).json()) as { queues: { readOnlyMode: boolean }[] };
    expect(board.queues[0]?.readOnlyMode).toBe(true); // so that the page offers none
  });

  it('refuses what would undo the pace, and says when the next poll is', async () => {
    await start({ POLL_MIN_INTERVAL_MS: '60000', POLL_MAX_INTERVAL_MS: '60000' });
    const api = `/queues/api/queues/${harness.settings.QUEUE_NAME}`;
    for (const [path, body] of [
      ['/concurrency', { concurrency: 1 }],
      ['/rate-limit', { max: 1, duration: 1 }],
      ['/rate-limit/release', {}],
    ] as const) {
      const headers = { 'content-type': 'application/json', origin: url };
      const answer = await get(api + path, { method: 'PUT', headers, body: JSON.stringify(body) });
      expect([path, answer.status, await answer.text()]).toEqual([
        path,
        403,
        expect.stringContaining('RATE_LIMIT_MAX'),
      ]);
    }
    harness.simulator.send(200, fateOf('pending', 0));
    const id = await harness.enqueue(200);
    await harness.job(id, 'delayed');
    const { queues } = (await (
      await get(`/queues/api/queues?activeQueue=${harness.settings.QUEUE_NAME}&status=delayed&page=1&jobsPerPage=10`)
    ).json()) as { queues: { supportsGlobalRateLimit: boolean; jobs: ShownJob[] }[] };
    const { job } = (await (await get(`${api}/${id}`)).json()) as { job: ShownJob };
    expect(queues[0]?.supportsGlobalRateLimit).toBe(false);
    for (const shown of [job, queues[0]?.jobs[0]]) {
      const { timestamp = 0, delay, opts, progress } = shown ?? {};
      expect(timestamp + (delay ?? 0)).toBe(Date.parse(progress?.nextPollAt ?? ''));
      expect(opts?.delay).toBe(delay); // else the page says that the time is unknown
    }
  });

  it('sends the headers that keep a browser from harm, and lets no other site read', async () => {
    await start();
    const { headers } = await get('/queues', { headers: { origin: 'https://evil.example' } });
    expect(headers.get('content-security-policy')).toMatch(
      /default-src 'self'.*frame-ancestors 'self'.*object-src 'none'/,
    );
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });

  it('takes no change that a page of another site asks for', async () => {
    await start();
    const path = `/queues/api/queues/${harness.settings.QUEUE_NAME}/pause`;
    const foreign = [{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }, { origin: 'null' }];
    for (const headers of foreign) expect((await get(path, { method: 'PUT', headers })).status).toBe(403);
    expect(await harness.queue.isPaused()).toBe(false);
    expect((await get(path, { method: 'PUT', headers: { origin: url } })).status).toBe(200);
    expect(await harness.queue.isPaused()).toBe(true);
  });
});

it('health, readiness and metrics are outside the request limit, and the pages are not', async () => {
  await start();
  const burst = async (path: string): Promise<number[]> => {
    const request = `GET ${path} HTTP/1.1\r\nhost: localhost\r\n`;
    return statusCodes(await rawHttp(url, `${`${request}\r\n`.repeat(1_300)}${request}connection: close\r\n\r\n`));
  };
  expect(await burst('/')).toContain(429);
  expect(new Set(await burst('/healthz'))).toEqual(new Set([200]));
  for (const path of ['/readyz', '/metrics']) expect([path, (await get(path)).status]).toEqual([path, 200]);
});

it('a request that never ends is cut off', async () => {
  await start();
  const head = `PUT /queues/api/queues/${harness.settings.QUEUE_NAME}/pause HTTP/1.1\r\nhost: localhost\r\n`;
  const unfinished = [`${head}content-type: application/json\r\ncontent-length: 100\r\n\r\n{`, head, ''];
  const answers = await Promise.all(unfinished.map((bytes) => rawHttp(url, bytes)));
  expect(answers.map(statusCodes)).toEqual([[408], [408], [408]]);
  expect(await harness.queue.isPaused()).toBe(false);
}, 30_000);

it('/readyz says that the queue is paused, and sees prioritised jobs', async () => {
  await start();
  await harness.queue.pause();
  await harness.enqueue(1, { opts: { priority: 1 } });
  const paused = await get('/readyz');
  const reason: unknown = expect.stringContaining('paused');
  expect([paused.status, await paused.json()]).toEqual([503, { status: 'not ready', reason }]);
  expect(await (await get('/metrics')).text()).toContain('fax_queue_jobs{state="prioritized"} 1');
  harness.simulator.send(1, fateOf('sent', 0));
  await harness.queue.resume();
  await harness.event(1);
  expect((await get('/readyz')).status).toBe(200);
});

it('/metrics tells the age of the oldest fax that still has its job', async () => {
  await start({ POLL_MIN_INTERVAL_MS: '60000', POLL_MAX_INTERVAL_MS: '60000' });
  const polled = async (faxJobId: number, agoMs: number): Promise<void> => {
    harness.simulator.send(faxJobId, fateOf('pending', 0));
    const id = await harness.enqueue(faxJobId, { opts: { timestamp: Date.now() - agoMs } });
    await harness.untilAsync(async () => (harness.requestsFor(faxJobId) > 0 ? harness.job(id, 'delayed') : undefined));
  };
  const oldest = async (): Promise<number> => {
    const text = await (await get('/metrics')).text();
    return Number(/^fax_oldest_in_flight_seconds (\S+)/m.exec(text)?.[1]);
  };
  await polled(1, 3_600_000);
  expect(await oldest()).toBeGreaterThanOrEqual(3_600);
  await harness.queue.drain(true);
  await polled(2, 600_000);
  expect(Math.floor((await oldest()) / 600)).toBe(1);
  await harness.queue.drain(true);
  expect(await oldest()).toBe(0);
});

it('/readyz is 503 with the reason while the key is refused, and 200 again after', async () => {
  await start();
  expect((await get('/readyz')).status).toBe(200);
  harness.simulator.accept('another');
  harness.simulator.send(1, fateOf('sent', 0));
  await harness.enqueue(1);
  await harness.alert('fax.alert.unauthorized');
  const refused = await get('/readyz');
  expect([refused.status, await refused.json()]).toEqual([
    503,
    { status: 'not ready', reason: expect.stringContaining('key') },
  ]);
  expect((await get('/healthz')).status).toBe(200);
  harness.simulator.accept(undefined);
  await harness.alert('fax.alert.unauthorized.resolved');
  expect((await get('/readyz')).status).toBe(200);
});

it('/metrics counts what happened', async () => {
  await start({ RATE_LIMIT_MAX: '60', RATE_LIMIT_DURATION_MS: '1000' });
  harness.simulator.send(1, {
    first: [{ code: 500 }, { body: { status: 'success', message: 'Handed over' } }],
    then: fateOf('sent', 0).then,
  });
  harness.simulator.send(2, fateOf('busy', 0));
  harness.simulator.send(3, fateOf('pending', 0));
  const [one, two, three] = [await harness.enqueue(1), await harness.enqueue(2), await harness.enqueue(3)];
  await harness.job(await harness.enqueue('no id'), 'failed');
  for (const job of [one, two]) await harness.job(job, 'completed');
  await harness.job(three, 'delayed');
  const response = await get('/metrics');
  const text = await response.text();
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  for (const line of [
    'fax_finished_total{state="sent",reason="ok"} 1',
    'fax_finished_total{state="failed",reason="busy"} 1',
    'fax_polls_total{outcome="sent"} 1',
    'fax_polls_total{outcome="fault"} 1',
    'fax_faults_total{fault="http_500"} 1',
    'fax_unrecognised_total{wording="success: handed over"} 1',
    'fax_jobs_rejected_total 1',
    'fax_in_flight 1',
    'fax_brake{reason="rate_limited"} 0',
    'fax_user_cash_balance 100.2',
    'fax_redis_up 1',
    'fax_detection_lag_seconds_count 2',
    'fax_duration_seconds_count 2',
    '# TYPE fax_completion_age_seconds histogram',
  ])
    expect(text.split('\n')).toContain(line);
  expect(Number(/^fax_pace_requests_per_second (\S+)/m.exec(text)?.[1])).toBeCloseTo(57, -1);
  expect(text).toMatch(/fax_poll_worth_seconds \d/);
  expect(text).toMatch(/fax_completion_age_seconds_bucket\{le="60"\} \d/);
  expect(text).toMatch(/fax_oldest_in_flight_seconds (0\.\d*[1-9]|[1-9])/);
  expect(text).toMatch(/fax_queue_jobs\{state="failed"\} 1/);
  const names = text
    .split('\n')
    .filter((line) => line.startsWith('# TYPE'))
    .map((line) => line.split(' ')[2]);
  expect(names.filter((name) => !name?.startsWith('fax_'))).toEqual([]);
});
