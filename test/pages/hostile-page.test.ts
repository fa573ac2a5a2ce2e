import { existsSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { chromium, type Browser } from 'playwright-core';
import type { SimulatedAnswer } from '../../src/simulator/fate.ts';
import { Harness } from '../support/harness.ts';
import { CHROMIUM, CHROMIUM_ARGS } from '../support/chromium.ts';
import { freePort, startTestRedis, type TestRedis } from '../support/redis-server.ts';

// Whatever a producer or the API puts into a job, it does not run in the page of whoever looks at it.

const ATTACK =
  '<img src=x onerror="window.attacked=1"><script>window.attacked=1</script>"\'--><svg onload=window.attacked=1>{{constructor}}javascript:window.attacked=1';
const withChromium = existsSync(CHROMIUM) ? it : it.skip;

let redis: TestRedis;
let harness: Harness;
let browser: Browser | undefined;
beforeAll(async () => {
  redis = await startTestRedis();
  harness = await Harness.start({
    redisUrl: redis.url,
    run: false,
    env: { DASHBOARD_PORT: String(await freePort()), POLL_MIN_INTERVAL_MS: '60000', POLL_MAX_INTERVAL_MS: '60000' },
  });
  if (existsSync(CHROMIUM)) browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_ARGS });
});
afterAll(async () => {
  await browser?.close();
  await harness.stop();
  await redis.stop();
});

withChromium(
  'job data from a hostile producer and an API that sends markup do not run in the dashboard',
  async () => {
    const { address } = await harness.run({ worker: true, board: true });
    const said = (status: string, message: string): SimulatedAnswer => ({ body: { status, message } });
    harness.simulator.send(1, { then: [{ afterMs: 0, answer: said('failed', `Fax Failed: ${ATTACK}`) }] });
    harness.simulator.send(2, { then: [{ afterMs: 0, answer: said(ATTACK, ATTACK) }] });
    const data = { metadata: { [ATTACK]: ATTACK } };
    const jobs = [
      [await harness.enqueue(1, { data, name: ATTACK }), 'completed'],
      [await harness.enqueue(2, { data, name: ATTACK, opts: { deduplication: { id: ATTACK } } }), 'delayed'],
      [
        await harness.enqueue(ATTACK, {
          data: { [ATTACK]: ATTACK },
          name: ATTACK,
          opts: { jobId: `x${ATTACK.replaceAll(':', '')}` },
        }),
        'failed',
      ],
    ] as const;
    for (const [id, state] of jobs) await harness.job(id, state);

    const page = await (browser as Browser).newPage();
    const dialogs: string[] = [];
    page.on('dialog', (dialog) => {
      dialogs.push(dialog.message());
      void dialog.dismiss();
    });
    const foreign: string[] = [];
    page.on('response', (response) => {
      if (!response.url().startsWith(address ?? '') && !response.url().startsWith('data:'))
        foreign.push(response.url());
    });
    const board = `${address}/queues/queue/${harness.settings.QUEUE_NAME}`;
    for (const [id, state] of jobs) {
      for (const url of [`${board}?status=${state}`, `${board}/${encodeURIComponent(id)}?status=${state}`]) {
        await page.goto(url, { waitUntil: 'networkidle' });
        // It is there to be read, and it is text. (The page of the third job is no page of the board, for the slash in
        // its id.)
        await page.waitForFunction("document.body.textContent.includes('attacked')");
        if ((await page.locator('main').count()) > 0) {
          await page.getByRole('tab').first().waitFor();
          for (const tab of await page.getByRole('tab').all()) await tab.click();
        }
        expect(await page.evaluate('window.attacked')).toBeUndefined();
      }
    }
    expect([dialogs, foreign]).toEqual([[], []]);
  },
  60_000,
);
