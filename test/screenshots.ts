import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { CHROMIUM, CHROMIUM_ARGS } from './support/chromium.ts';
import { CliProcess, ROOT } from './support/worker-process.ts';

// npm run screenshots: the pictures in docs/, taken of the demo.

const OVERVIEWS = [
  ['overview', 'light', 1280],
  ['overview-dark', 'dark', 1280],
  ['overview-narrow', 'light', 360],
] as const;
const FOLDER = join(ROOT, 'docs/screenshots');
mkdirSync(FOLDER, { recursive: true });
const demo = new CliProcess(['demo', '--keep'], {});
const browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_ARGS });
try {
  const url = `${/http:\S+(?=\/$)/.exec(await demo.line(/^overview: /))?.[0]}/queues`;
  const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
  await demo.line(/ sent +21\d /); // some are finished, others wait for their next poll
  const overview = url.replace(/\/queues$/, '/');
  for (const [name, colorScheme, width] of OVERVIEWS) {
    const own = await browser.newPage({ colorScheme, viewport: { width, height: 900 } });
    await own.goto(overview, { waitUntil: 'networkidle' });
    await own.screenshot({ path: join(FOLDER, `${name}.png`), fullPage: true });
    await own.close();
  }
  await shoot(page, `${url}/queue/fax-status?status=delayed`, 'in-flight');
  await demo.line(/^still up/);
  await shoot(page, `${url}/queue/fax-status?status=completed`, 'finished');
  await page.getByRole('link', { name: /poll/ }).first().click();
  await page.getByRole('tab', { name: 'Logs' }).click();
  await page
    .getByText(/poll 1/)
    .first()
    .waitFor();
  await page.screenshot({ path: join(FOLDER, 'poll-history.png') });
} finally {
  await browser.close();
  await demo.exit('SIGINT');
}

async function shoot(page: Page, url: string, name: string): Promise<void> {
  await page.goto(url, { waitUntil: 'networkidle' });
  await page.screenshot({ path: join(FOLDER, `${name}.png`) });
}
