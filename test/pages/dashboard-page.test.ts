import { existsSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { chromium } from 'playwright-core';
import { fateOf } from '../../src/simulator/fate.ts';
import { CHROMIUM, CHROMIUM_ARGS } from '../support/chromium.ts';
import { Harness } from '../support/harness.ts';
import { freePort } from '../support/redis-server.ts';
import { useRedis } from '../support/use-redis.ts';

// The dashboard as somebody sees it who watches a fax.

const redis = useRedis();
const withChromium = existsSync(CHROMIUM) ? it : it.skip;

withChromium('one signs in, sees the queue, opens a job, and reads its poll history', async () => {
  const harness = await Harness.start({
    redisUrl: redis.url,
    run: false,
    env: { DASHBOARD_PORT: String(await freePort()), DASHBOARD_PASSWORD: 'correct horse' },
  });
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_ARGS });
  try {
    const { address = '' } = await harness.run({ worker: true, board: true });
    harness.simulator.send(200, fateOf('busy', 400));
    await harness.enqueue(200, { data: { metadata: { invoice: 'A-17' } } });
    const { polls } = (await harness.event(200)).data;

    const stranger = await browser.newPage();
    await expect(stranger.goto(address)).rejects.toThrow('ERR_INVALID_AUTH_CREDENTIALS');
    const page = await browser.newPage({ httpCredentials: { username: 'admin', password: 'correct horse' } });
    await page.goto(address);
    await page.getByRole('link', { name: 'Bull Board' }).click();
    await page.getByRole('link', { name: harness.settings.QUEUE_NAME }).first().click();
    await page.getByText('Completed', { exact: false }).first().click();
    await page.getByText('"Fax Failed: Busy"').waitFor();
    await page.getByRole('link', { name: `fax 200 · failed (busy) · ${polls} polls` }).click();
    await page.getByText('"A-17"').first().waitFor();
    await page.getByRole('tab', { name: 'Logs' }).click();
    await page.getByText(`poll ${polls}: failed (busy)`).waitFor();
    const history = await page.getByRole('tabpanel').innerText();
    for (let poll = 1; poll < polls; poll += 1) expect(history).toContain(`poll ${poll}: executed: Fax is being sent`);
  } finally {
    await browser.close();
    await harness.stop();
  }
});
