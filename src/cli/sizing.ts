import Table from 'cli-table3';
import { keysOf } from '../contract/keys.ts';
import { finished, meanLag, sum } from '../overview/day-counts.ts';
import { ceilingPace } from '../limit/pace.ts';
import { readKeyFile, servedBy } from '../settings/key-files.ts';
import { readDayCounts } from '../overview/read-day-counts.ts';
import { sized, type Sized } from '../overview/sizing.ts';
import { count, duration, figure } from '../overview/words.ts';
import { ModelStore } from '../schedule/model-store.ts';
import { SurvivalCurve } from '../schedule/worth.ts';
import { withClient } from './client-session.ts';
import { CommandError, EX_USAGE } from './failure.ts';

export type SizingFlags = { readonly account?: string; readonly faxesPerHour?: number; readonly json?: boolean };

/**
 * `faxwatch sizing`: how late faxes are found at the load of the last hour, or at one that is given, and what more
 * requests would gain.
 */
export async function sizing({ account, faxesPerHour, json = false }: SizingFlags): Promise<void> {
  await withClient(account, async (_client, _signal, { settings, redis, space }) => {
    const keys = keysOf(space.keyPrefix);
    const [model, counts] = await Promise.all([
      new ModelStore(redis, keys).read(),
      readDayCounts(redis, keys, Date.now()),
    ]);
    const hour = sum(counts.hour);
    const faxes = faxesPerHour ?? finished(hour);
    if (faxes === 0)
      throw new CommandError(
        'no fax has finished in the last hour: say how many there are, --faxes-per-hour N',
        EX_USAGE,
      );
    const own = servedBy(settings, await readKeyFile(settings)).accounts.get(account) ?? settings;
    const pace = ceilingPace(own.RATE_LIMIT_MAX, own.RATE_LIMIT_DURATION_MS, own.RATE_LIMIT_HEADROOM);
    const curve = SurvivalCurve.of(model);
    const bounds = { minMs: settings.POLL_MIN_INTERVAL_MS, maxMs: settings.POLL_MAX_INTERVAL_MS };
    const at = (more: Partial<Pick<Sized, 'faxesPerHour' | 'pace'>>): Sized =>
      sized(curve, bounds, { faxesPerHour: faxes, pace, ...more });
    const rows = {
      'this load': at({}),
      '1 request a second more': at({ pace: pace + 1 }),
      'twice the limit': at({ pace: 2 * pace }),
      'twice the faxes': at({ faxesPerHour: 2 * faxes }),
    };
    const foundMs = meanLag(hour);
    if (json) {
      console.log(JSON.stringify({ foundWithinMs: foundMs ?? null, ...rows }));
      return;
    }
    console.log(`${count(faxes, 'fax', 'faxes')} an hour, each takes ${duration(curve.timeToCome(0))} on average`);
    if (foundMs !== undefined)
      console.log(`in the last hour they were found at most ${duration(foundMs)} late on average (between two polls)`);
    console.log(`\n${tableOf(rows)}`);
    console.log(
      'By the best schedule of polls alone, for faxes that come evenly, and durations as\n' +
        'learned so far: assumed, until some dozens have finished. The list of faxes and\n' +
        'callbacks find them sooner (docs/benchmarks.md).',
    );
  });
}

function tableOf(rows: Readonly<Record<string, Sized>>): string {
  const table = new Table({
    head: ['with', 'allowed a second', 'polls per fax', 'found late by'],
    style: { head: [], border: [] },
  });
  for (const [name, { pace, pollsPerFax, meanLagMs }] of Object.entries(rows))
    table.push([name, figure(pace), figure(pollsPerFax), meanLagMs === null ? 'falls behind' : duration(meanLagMs)]);
  return table.toString();
}
