import Table from 'cli-table3';
import type { Outcome, Way } from './demo-way.ts';
import { Outcomes } from './outcomes.ts';

const style = { head: [], border: [] };
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** How the faxes ended, and how soon each way found out. */
export function demoSummary(outcomes: ReadonlyMap<Way, Outcome>): string {
  const ended = new Outcomes();
  for (const result of outcomes.get('polls alone')?.results ?? []) ended.add(result);
  const ways = new Table({ head: ['the same faxes', 'found late by', '95 of 100 by', 'requests', 'refused'], style });
  for (const [way, { lags, requests, refusals }] of outcomes) {
    const sorted = [...lags].sort((a, b) => a - b);
    const mean = lags.reduce((sum, lag) => sum + lag, 0) / Math.max(1, lags.length);
    const p95 = sorted[Math.max(0, Math.ceil(sorted.length * 0.95) - 1)] ?? 0;
    ways.push([way, seconds(mean), seconds(p95), requests, refusals]);
  }
  return `${ended.toString()}\n${ways.toString()}`;
}
