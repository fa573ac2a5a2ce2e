import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe finds wrong with a page: rules, and where. */
export async function faultsOf(page: Page): Promise<[string, string][]> {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate<{ violations: { id: string; nodes: unknown[] }[] }>('axe.run()');
  return violations.map(({ id, nodes }) => [id, JSON.stringify(nodes).slice(0, 500)]);
}
