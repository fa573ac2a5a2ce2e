import { existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { chromium, type Browser } from 'playwright-core';
import { AccountsHarness } from '../support/accounts.ts';
import { faultsOf } from '../support/axe.ts';
import { CHROMIUM, CHROMIUM_ARGS } from '../support/chromium.ts';
import { KeyedApi } from '../support/keyed-api.ts';
import { freePort, startTestRedis, type TestRedis } from '../support/redis-server.ts';

// The overview of a service with accounts.

const describeIn = existsSync(CHROMIUM) ? describe : describe.skip;
const ACCOUNTS = {
  north: { FAX_API_KEY: 'key-of-north' },
  south: { FAX_API_KEY: 'key-of-south' },
  east: { FAX_API_KEY: 'key-of-east' },
  west: { FAX_API_KEY: 'key-of-west' },
};

let redis: TestRedis;
let api: KeyedApi;
let harness: AccountsHarness;
beforeEach(async () => {
  redis = await startTestRedis();
  api = await KeyedApi.start();
  for (const { FAX_API_KEY } of Object.values(ACCOUNTS)) api.set(FAX_API_KEY, 'ok');
  harness = new AccountsHarness(redis.url, { FAX_API_BASE_URL: api.url, DASHBOARD_PORT: String(await freePort()) });
});
afterEach(async () => {
  await harness.stop();
  await api.stop();
  await redis.stop();
});

/** Three accounts that are awake, of which the key of south is refused; west sleeps. */
async function startThree(): Promise<void> {
  api.set('key-of-south', 'refused');
  await harness.start(ACCOUNTS, { worker: true, board: true });
  await harness.enqueue('south', 1, 2);
  await Promise.all([harness.enqueue('north', 11), harness.enqueue('east', 21)]);
  await Promise.all([harness.eventsOf('north', 1), harness.eventsOf('east', 1)]);
  await harness.until(() => harness.alerts[0]);
}

describeIn('in a browser', () => {
  let browser: Browser;
  beforeEach(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_ARGS });
  });
  afterEach(() => browser.close());

  it.each([
    ['light', 1280],
    ['dark', 360],
  ] as const)(
    'names first who needs somebody, links to each, and axe finds no fault: %s, %d px',
    async (scheme, width) => {
      await startThree();
      const page = await browser.newPage({ colorScheme: scheme, viewport: { width, height: 700 } });
      const complaints: string[] = [];
      page.on('console', (message) => complaints.push(message.text()));
      await page.goto(harness.address, { waitUntil: 'networkidle' });
      const banner = await page.locator('.banner').innerText();
      expect(banner).toMatch(/^Needs attention/);
      expect(banner).toMatch(/south: The API refuses the key \(401\).*put the right one into ACCOUNTS_FILE/);
      const rows = await page.locator('tbody tr').allInnerTexts();
      expect(rows.map((row) => row.split(/\s+/)[0])).toEqual(['south', 'east', 'north']);
      const pace = width > 480 ? '[\\d.]+/s\\s+' : ''; // left out where there is no room
      expect(rows[0]).toMatch(new RegExp(`key refused\\s+2\\s+${pace}none yet`));
      expect(rows[1]).toMatch(new RegExp(`OK\\s+0\\s+${pace}(under 1|\\d+) s`));
      await page.getByText('1 account sleeps').click();
      expect(await faultsOf(page)).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);

      await page.getByRole('rowheader', { name: 'south' }).getByRole('link').click();
      await page.waitForURL('**/account/south');
      expect(await page.locator('.banner').innerText()).toContain('The API refuses the key (401)');
      expect(await page.locator('svg').count()).toBe(6);
      expect(await faultsOf(page)).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);

      await page.getByRole('link', { name: 'All accounts' }).click();
      await page.getByText('1 account sleeps').click();
      await page.getByRole('link', { name: 'west' }).click();
      await page.waitForURL('**/account/west');
      expect(await page.locator('.banner').innerText()).toMatch(/^All is well/);
      expect(complaints).toEqual([]);
    },
  );
});

describe('without a browser', () => {
  it('as JSON it has those that are awake, and the names of those that sleep', async () => {
    await startThree();
    const answer = await fetch(`${harness.address}/api/overview`);
    const { accounts, asleep } = (await answer.json()) as {
      accounts: { name: string; severity: string }[];
      asleep: [];
    };
    expect(Object.fromEntries(accounts.map(({ name, severity }) => [name, severity]))).toEqual({
      north: 'good',
      south: 'critical',
      east: 'good',
    });
    expect(asleep).toEqual(['west']);
  });

  it('what is wrong with the keys of one is said of it alone, and hides none of the others', async () => {
    await startThree();
    const { name: whole, redis: client } = harness;
    for (const key of [
      `${whole}:none:events`,
      `${whole}:east:events`,
      `bull:${whole}.east:completed`,
      `${whole}:north:wordings`,
    ])
      await client.set(key, 'of something else');
    const { address } = harness;
    const asked = await fetch(`${address}/api/overview`);
    const { accounts } = (await asked.json()) as { accounts: { name: string; problems: { short: string }[] }[] };
    const shorts = new Map(accounts.map(({ name, problems }) => [name, problems.map(({ short }) => short)]));
    expect(Object.fromEntries(shorts)).toEqual({
      north: ['cannot be read'],
      south: ['key refused'],
      east: [expect.stringMatching(/results cannot be stored|cannot be read/)],
    });
    for (const path of ['/', '/readyz', '/fax/11', `/queues/api/queues?activeQueue=${whole}.north`])
      expect([path, (await fetch(`${address}${path}`)).status]).toEqual([path, 200]);
  });

  it('an account that is not served is 404', async () => {
    await harness.start(ACCOUNTS, { worker: true, board: true });
    for (const name of ['nobody', encodeURIComponent('<script>'), '..%2f', '__proto__']) {
      expect([name, (await fetch(`${harness.address}/account/${name}`)).status]).toEqual([name, 404]);
    }
  });

  it('says within 3 s that Redis is away, also when all accounts sleep', async () => {
    await harness.start(ACCOUNTS, { worker: true, board: true });
    await redis.stop();
    const began = performance.now();
    const answers = await Promise.all(
      ['/', '/api/overview', '/account/north', '/fax/1'].map((path) => fetch(harness.address + path)),
    );
    expect(answers.map(({ status }) => status)).toEqual([503, 503, 503, 503]);
    const page = await answers[0]?.text();
    expect(page).toContain('Redis is away.');
    expect(page).not.toContain('are awake');
    expect(await answers[1]?.json()).toMatchObject({ severity: 'critical', problems: [{ short: 'Redis is away' }] });
    expect(performance.now() - began).toBeLessThan(3_000);
  });
});
