import { keysOf } from '../contract/keys.ts';
import { durationsCsv, durationsOf } from '../schedule/durations.ts';
import { ModelStore } from '../schedule/model-store.ts';
import { withClient } from './client-session.ts';
import { CommandError, EX_NOINPUT } from './failure.ts';

export type DurationsFlags = { readonly account?: string; readonly count: number };

/** `faxwatch export-durations`: how long faxes take, as learned by the running service, as CSV for the benchmarks. */
export async function exportDurations({ account, count }: DurationsFlags): Promise<void> {
  await withClient(account, async (_client, _signal, { redis, space }) => {
    const model = new ModelStore(redis, keysOf(space.keyPrefix));
    await model.flush(); // nothing was learned here: it only reads
    if (model.completions === 0)
      throw new CommandError('no fax has finished yet: there is nothing to export', EX_NOINPUT);
    process.stdout.write(durationsCsv(durationsOf(model.hazards, count)));
  });
}
