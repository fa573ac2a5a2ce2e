import { existsSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { chromium, type Browser, type Page } from 'playwright-core';
import { fateOf, type SimulatedAnswer } from '../../src/simulator/fate.ts';
import { faultsOf } from '../support/axe.ts';
import { CHROMIUM, CHROMIUM_ARGS } from '../support/chromium.ts';
import { Harness } from '../support/harness.ts';
import { freePort, startTestRedis, type TestRedis } from '../support/redis-server.ts';

// Contract § 9: the pages for people, in a real browser.

const ATTACK =
  '<img src=x onerror="window.attacked=1"><script>window.attacked=1</script>"\'--><svg onload=window.attacked=1>';
const MOST_BYTES = 150_000;
const SLOW = { POLL_MIN_INTERVAL_MS: '60000', POLL_MAX_INTERVAL_MS: '60000' };
const describeIn = existsSync(CHROMIUM) ? describe : describe.skip;

let redis: TestRedis;
let harness: Harness;
let url: string;
let browser: Browser;
beforeAll(async () => {
  redis = await startTestRedis();
  if (existsSync(CHROMIUM)) browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_ARGS });
});
afterEach(() => harness.stop());
afterAll(async () => {
  if (existsSync(CHROMIUM)) await browser.close();
  await redis.stop();
});

async function start(env: Record<string, string> = {}, worker = true): Promise<void> {
  harness = await Harness.start({
    redisUrl: redis.url,
    run: false,
    env: { DASHBOARD_PORT: String(await freePort()), ...env },
  });
  url = (await harness.run({ worker, board: true })).address ?? '';
}

const said = (status: string, message: string): SimulatedAnswer => ({ body: { status, message } });
const inJson = async (): Promise<{
  severity: string;
  sentence: string;
  problems: { what: string; remedy: string }[];
}> => {
  const { accounts } = (await (await fetch(`${url}/api/overview`)).json()) as { accounts: [never] };
  return accounts[0];
};

/** A page, and what it complains of. */
async function open(path: string, options: Parameters<Browser['newPage']>[0] = {}): Promise<[Page, string[]]> {
  const page = await browser.newPage(options);
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(`${url}${path}`, { waitUntil: 'networkidle' });
  return [page, complaints];
}

/** Loads the page again until its banner has the words. */
async function banner(page: Page, words: string): Promise<string> {
  return harness.untilAsync(async () => {
    await page.goto(url);
    const text = await page.locator('.banner').innerText();
    return text.includes(words) ? text : undefined;
  });
}

describeIn('the overview', () => {
  it('says in one sentence how it goes, and is clean: no complaint, little to load, nothing from elsewhere', async () => {
    await start();
    harness.simulator.send(200, fateOf('busy', 200));
    harness.simulator.send(201, fateOf('sent', 100));
    await harness.enqueue(200);
    await harness.enqueue(201);
    await Promise.all([harness.event(200), harness.event(201)]);
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    const bodies: Promise<Buffer>[] = [];
    const foreign: string[] = [];
    page.on('response', (response) => {
      bodies.push(response.body());
      if (!response.url().startsWith(url)) foreign.push(response.url());
    });
    await page.goto(url, { waitUntil: 'networkidle' });
    const text = await page.locator('.banner').innerText();
    expect(text).toMatch(/^All is well/);
    expect(text).toMatch(/Polling at [\d.]+ requests a second, \d+ % of the limit; no fax is in flight/);
    expect(text).toContain('finished faxes are found at most');
    expect(await page.locator('svg desc').first().textContent()).toBe('1 sent, 1 failed, 0 not found, 0 expired');
    const bytes = (await Promise.all(bodies)).reduce((sum, body) => sum + body.length, 0);
    expect(bytes).toBeLessThan(MOST_BYTES);
    expect([complaints, foreign]).toEqual([[], []]);
    await page.close();
  });

  it('tells each state that needs somebody, and what to do', async () => {
    await start(SLOW);
    const [page] = await open('/');
    await harness.queue.pause();
    expect(await banner(page, 'The queue is paused.')).toContain('Resume it in Bull Board');
    await harness.queue.resume();

    harness.simulator.send(1, { then: [{ afterMs: 0, answer: said('strange', 'Gone fishing') }] });
    await harness.enqueue(1);
    expect(await banner(page, '1 wording')).toContain('Put the rules below into a CLASSIFICATION_FILE');
    const rules = await page.getByRole('region', { name: 'Rules to copy' }).innerText();
    expect(JSON.parse(rules)).toMatchObject([{ anyOf: [{ status: ['strange'], messageIs: ['Gone fishing'] }] }]);

    const { KEY_PREFIX } = harness.settings;
    await harness.redis.hset(`${KEY_PREFIX}history`, { trusted: 0, stoppedUntil: Date.now() + 60_000, stops: 1 });
    expect(await banner(page, 'The list of faxes is of no use.')).toContain('It is tried again at');
    await harness.redis.del(`${KEY_PREFIX}history`);

    await harness.redis.set(`${KEY_PREFIX}events-kept`, 'x');
    await harness.redis.rename(`${KEY_PREFIX}events-kept`, `${KEY_PREFIX}events`); // no stream: nothing can be added
    expect(await banner(page, 'Results cannot be stored.')).toContain('Redis refuses what a result needs');
    await harness.redis.del(`${KEY_PREFIX}events`);
    await page.close();
  });

  it.each([
    [401, 'The API refuses the key (401): polling is stopped.', 'Check the key in the Fax.to dashboard'],
    [403, 'The API refuses requests, as there are too many', 'Lower RATE_LIMIT_MAX'],
    [429, 'The API refuses requests, as there are too many', 'Lower RATE_LIMIT_MAX'],
    [500, 'Most requests to the API fail', 'Check FAX_API_BASE_URL'],
  ])('tells that the brake is on after %d', async (code, what, remedy) => {
    await start();
    for (let fax = 1; fax <= 12; fax += 1) {
      harness.simulator.send(fax, { then: [{ afterMs: 0, answer: { code } }] });
      await harness.enqueue(fax);
    }
    const [page] = await open('/');
    const text = await banner(page, what);
    expect(text).toMatch(/^Needs attention/);
    expect(text).toContain(remedy);
    const colour = await page.evaluate("getComputedStyle(document.querySelector('.banner h1')).color");
    expect(colour).toBe('rgb(168, 30, 43)'); // red
    await page.close();
  });

  it('tells that no worker runs', async () => {
    await start({}, false);
    const [page] = await open('/');
    expect(await banner(page, 'No worker runs.')).toContain('faxwatch worker');
    expect(await inJson()).toMatchObject({ severity: 'critical', problems: [{ what: 'No worker runs.' }] });
    await page.close();
  });

  it('renews itself, keeps what is open and where one is, and asks for nothing while it is hidden', async () => {
    await start(SLOW);
    harness.simulator.send(1, fateOf('sent', 0));
    await harness.enqueue(1);
    await harness.event(1);
    const [page, complaints] = await open('/');
    await page.locator('summary').first().click();
    await page.locator('summary').first().focus();
    await harness.queue.pause();
    await page.getByText('The queue is paused.').waitFor();
    expect(await page.locator('details').first().getAttribute('open')).not.toBeNull();
    expect(await page.evaluate('document.activeElement.tagName')).toBe('SUMMARY');

    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.evaluate(
      "Object.defineProperty(document, 'hidden', { get: () => window.isHidden }); window.isHidden = true;" +
        "document.dispatchEvent(new Event('visibilitychange'))",
    );
    await page.clock.install();
    await page.clock.fastForward(60_000);
    expect(asked).toEqual([]);
    const renewed = page.waitForRequest(`${url}/`);
    await page.evaluate("window.isHidden = false; document.dispatchEvent(new Event('visibilitychange'))");
    await renewed;
    expect(complaints).toEqual([]);
    await page.close();
  });

  it('can be used with the keyboard alone: each stop is seen, a picture opens its figures, the search finds a fax', async () => {
    await start(SLOW);
    harness.simulator.send(1, fateOf('sent', 0));
    await harness.enqueue(1);
    await harness.event(1);
    const [page] = await open('/');
    const all = "[...document.querySelectorAll('a[href], input, button, summary')]";
    const stops = Number(await page.evaluate(`${all}.length`));
    const seen = new Set<unknown>();
    for (let i = 0; i < stops; i += 1) {
      await page.keyboard.press('Tab');
      seen.add(await page.evaluate(`${all}.indexOf(document.activeElement)`));
      expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).not.toBe('none');
    }
    expect(seen.size).toBe(stops); // none is a trap
    await page.keyboard.press('Enter'); // on the last of them
    expect(await page.evaluate('document.activeElement.parentElement.open')).toBe(true);
    await page.locator('#fax-id').focus();
    await page.keyboard.type('1');
    await page.keyboard.press('Enter');
    await page.waitForURL(`${url}/fax/1`);
    await page.close();
  });

  it.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 360],
    ['dark', 360],
  ] as const)('has no fault that axe finds, %s, at %d px', async (colorScheme, width) => {
    await start();
    harness.simulator.send(1, fateOf('sent', 100));
    harness.simulator.send(2, { then: [{ afterMs: 0, answer: said('strange', 'Gone fishing') }] });
    await harness.enqueue(1, { data: { metadata: { a: 1 } } });
    const pending = await harness.enqueue(2);
    await harness.event(1);
    await harness.job(pending, 'delayed');
    for (const path of ['/', '/fax/1', '/fax/2', '/fax/3']) {
      const [page] = await open(path, { colorScheme, viewport: { width, height: 700 } });
      expect([path, await faultsOf(page)]).toEqual([path, []]);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
      await page.close();
    }
  });
});

describeIn('the page of a fax', () => {
  it('is found by its id: its progress first, then its result, with its polls and its job', async () => {
    await start(SLOW);
    harness.simulator.send(200, fateOf('pending', 0));
    const id = await harness.enqueue(200, { data: { metadata: { invoice: 'A-17' } } });
    await harness.job(id, 'delayed');
    const [page, complaints] = await open('/');
    await page.getByLabel('Fax job id').fill('200');
    await page.getByRole('button', { name: 'Find' }).click();
    await page.waitForURL('**/fax/200');
    const text = await page.locator('main').innerText();
    expect(text).toContain('In flight');
    expect(text).toContain('Fax is being sent');
    expect(text).toContain('A-17');
    expect(text).toMatch(/slots are left over|competes for the next slots/);
    await page.getByRole('link', { name: 'Its job in Bull Board' }).click();
    await page.getByText('"A-17"').first().waitFor();
    await page.getByText('fax 200 · 1 poll').first().waitFor();
    await page.getByText('Will run at').waitFor();
    expect(await page.getByText('currently unknown').count()).toBe(0);
    const link = page.locator('a[href="/fax/200"]').first();
    await link.waitFor();

    harness.simulator.send(201, fateOf('busy', 0));
    const second = await harness.enqueue(201);
    await harness.job(second, 'completed');
    await page.goto(`${url}/fax/201`);
    const result = await page.locator('main').innerText();
    expect(result).toContain('failed (busy)');
    expect(result).toContain('Fax Failed: Busy');
    expect(await page.locator('ol.polls').innerText()).toContain('failed (busy)');
    expect(await page.getByRole('link', { name: 'Its job in Bull Board' }).count()).toBe(1);
    expect(complaints).toEqual([]); // of the board neither
    await page.close();
  });

  it('runs nothing of what a hostile producer and a hostile API say', async () => {
    await start(SLOW);
    harness.simulator.send(1, { then: [{ afterMs: 0, answer: said('failed', `Fax Failed: ${ATTACK}`) }] });
    harness.simulator.send(2, { then: [{ afterMs: 0, answer: said(ATTACK, ATTACK) }] });
    const data = { metadata: { [ATTACK]: ATTACK } };
    await harness.enqueue(1, { data });
    await harness.job(await harness.enqueue(2, { data, name: ATTACK }), 'delayed');
    await harness.event(1);
    for (const path of ['/', '/fax/1', '/fax/2']) {
      const [page, complaints] = await open(path);
      expect(await page.evaluate("document.body.textContent.includes('window.attacked=1')")).toBe(true);
      expect(await page.evaluate('window.attacked')).toBeUndefined();
      expect(await page.locator('main img, main script').count()).toBe(0);
      expect(complaints).toEqual([]);
      await page.close();
    }
  });
});

describe('without a browser', () => {
  it('unknown and impossible ids are 404 and 400, as pages and as JSON; the policy has nothing unsafe', async () => {
    await start();
    for (const base of ['/fax', '/api/fax']) {
      expect((await fetch(`${url}${base}/404`)).status).toBe(404);
      for (const id of ['no id', '<script>alert(1)</script>', '../etc/passwd', 'x'.repeat(65)]) {
        const answer = await fetch(`${url}${base}/${encodeURIComponent(id)}`);
        expect([id, answer.status]).toEqual([id, 400]);
        const text = await answer.text();
        expect(text).toContain('1 to 64 of A-Z');
        expect(text).not.toContain('alert(1)');
      }
    }
    harness.simulator.send(2, fateOf('pending', 0));
    await harness.job(await harness.enqueue(2, { data: { deadlineMs: Number.MAX_SAFE_INTEGER } }), 'delayed');
    expect(await (await fetch(`${url}/api/fax/2`)).json()).toMatchObject({ deadlineAt: '9999-12-31T00:00:00.000Z' });
    const broken = await fetch(`${url}/%zz`);
    expect([broken.status, await broken.json()]).toEqual([400, { error: 'no such page' }]);
    // The job of a fax whose result has expired is no fax in flight.
    harness.simulator.send(1, fateOf('sent', 0));
    const id = await harness.enqueue(1);
    await harness.job(id, 'completed');
    expect((await fetch(`${url}/fax/1`)).status).toBe(200);
    await harness.redis.del(`${harness.settings.KEY_PREFIX}status:1`);
    await harness.redis.set(`${harness.settings.KEY_PREFIX}lease:1`, id);
    expect((await fetch(`${url}/fax/1`)).status).toBe(404);
    expect((await fetch(`${url}/fax?id=${encodeURIComponent('<b>')}`)).status).toBe(400);
    const policy = (await fetch(url)).headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
  });

  it('while Redis is away, all answer within 3 s that it is', async () => {
    const own = await startTestRedis();
    harness = await Harness.start({
      redisUrl: own.url,
      run: false,
      env: { DASHBOARD_PORT: String(await freePort()) },
    });
    url = (await harness.run({ worker: true, board: true })).address ?? '';
    await own.stop();
    const PAGES = ['/', '/api/overview', '/fax/1', '/api/fax/1'];
    const QUEUE = `/queues/api/queues/${harness.settings.QUEUE_NAME}`;
    const BOARD_API = ['/queues/api/queues', `${QUEUE}/1`, `${QUEUE}/1/logs`, '/queues/api/redis/stats'];
    const began = performance.now();
    const answers = await Promise.all([...PAGES, ...BOARD_API].map((path) => fetch(url + path)));
    expect(performance.now() - began).toBeLessThan(3_000);
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 503));
    for (const answer of answers) expect(await answer.text()).toMatch(/Redis (is away|gives no answer)/);
    expect((await fetch(`${url}/queues`)).status).toBe(200); // its page says what its API says
  });
});
