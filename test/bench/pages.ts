import Table from 'cli-table3';
import { chromium, type Browser } from 'playwright-core';
import { CHROMIUM, CHROMIUM_ARGS } from '../support/chromium.ts';
import { CliProcess } from '../support/worker-process.ts';
import { median } from './figures.ts';

// npm run bench:pages: what the overview and the page of a fax cost in a browser, on the demo's faxes: what is loaded,
// when something is first painted, and what is asked for while the page is only open, seen and hidden.

const LOADS = 5;
const OPEN_MS = 20_000;

type Page = { readonly requests: number; readonly bytes: number; readonly paintMs: number };

const demo = new CliProcess(['demo', '--keep'], {});
const browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_ARGS });
try {
  await demo.line(/^still up/);
  const url = /http:\S+(?=\/)/.exec(demo.lines.find((line) => line.startsWith('overview:')) ?? '')?.[0] ?? '';
  const table = new Table({
    head: ['page', 'requests', 'KiB in all', 'first paint, ms', 'requests a minute while open', 'while hidden'],
    style: { head: [], border: [] },
  });
  for (const path of ['/', '/fax/210']) {
    const loads: Page[] = [];
    for (let i = 0; i < LOADS; i += 1) loads.push(await load(browser, url + path));
    const of = (pick: (page: Page) => number): number => median(loads.map(pick));
    const { seen, hidden } = await whileOpen(browser, url + path);
    const kib = (of(({ bytes }) => bytes) / 1024).toFixed(1);
    table.push([path, of(({ requests }) => requests), kib, of(({ paintMs }) => paintMs).toFixed(0), seen, hidden]);
  }
  console.log(`medians of ${LOADS} loads with an empty cache\n${table.toString()}`);
} finally {
  await browser.close();
  await demo.exit('SIGINT');
}

async function load(from: Browser, url: string): Promise<Page> {
  const page = await from.newPage();
  let [requests, bytes] = [0, 0];
  page.on('requestfinished', (request) => {
    requests += 1;
    void request.sizes().then(({ responseBodySize, responseHeadersSize }) => {
      bytes += responseBodySize + responseHeadersSize;
    });
  });
  await page.goto(url, { waitUntil: 'networkidle' });
  const paintMs: number = await page.evaluate(
    "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN",
  );
  await page.close();
  return { requests, bytes, paintMs };
}

/** Requests a minute of a page that is only open. */
async function whileOpen(from: Browser, url: string): Promise<{ seen: number; hidden: number }> {
  const page = await from.newPage();
  await page.goto(url, { waitUntil: 'networkidle' });
  let count = 0;
  page.on('request', () => (count += 1));
  await page.waitForTimeout(OPEN_MS);
  const seen = (count * 60_000) / OPEN_MS;
  await page.evaluate(
    "Object.defineProperty(document, 'hidden', { get: () => true });" +
      "document.dispatchEvent(new Event('visibilitychange'))",
  );
  count = 0;
  await page.waitForTimeout(OPEN_MS);
  await page.close();
  return { seen, hidden: (count * 60_000) / OPEN_MS };
}
