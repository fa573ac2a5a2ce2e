import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import type { FaxStatusClient } from '../client/client.ts';
import { PayloadError } from '../polling/job.ts';
import type { FaxResult } from '../results/result.ts';
import { withClient } from './client-session.ts';
import { resultLine } from './event-line.ts';
import { CommandError, EX_DATAERR, EX_NOINPUT } from './failure.ts';

export type TrackFlags = { readonly file?: string; readonly wait?: boolean; readonly json?: boolean };

/** `faxwatch track`: a bad id is named, and the rest goes on. Exit 0 if all were taken, and with `--wait` only if all were sent. */
export async function track(ids: string[], { file, wait = false, json = false }: TrackFlags): Promise<void> {
  if (ids.length === 0 && file === undefined) throw new CommandError('no ids: give some, or --file (- for standard input)', EX_DATAERR);
  await withClient(async (client, signal) => {
    const since = await client.lastEventId();
    const taken = new Set<string>();
    let bad = 0;
    for await (const { id, where } of allIds(ids, file)) {
      try {
        await client.track(id);
        taken.add(id);
      } catch (error) {
        if (!(error instanceof PayloadError)) throw error;
        bad += 1;
        console.error(`${where}: ${error.message.replace('data.faxJobId', 'id')}`);
      }
    }
    if (!json) console.log(`${taken.size} tracked${bad > 0 ? `, ${bad} refused` : ''}`);
    if (bad > 0) process.exitCode = EX_DATAERR;
    if (wait) await waitForAll(client, taken, client.events({ since, signal }), json);
  });
}

async function waitForAll(client: FaxStatusClient, ids: ReadonlySet<string>, events: ReturnType<FaxStatusClient['events']>, json: boolean): Promise<void> {
  const open = new Set(ids);
  const counts = new Map<string, number>();
  const done = (result: FaxResult): void => {
    if (!open.delete(String(result.faxJobId))) return;
    counts.set(result.state, (counts.get(result.state) ?? 0) + 1);
    console.log(json ? JSON.stringify(result) : resultLine(result));
  };
  for (const id of ids) {
    const known = await client.status(id);
    if (known.kind === 'done') done(known.result);
  }
  if (open.size > 0) {
    for await (const event of events) {
      done(event.data);
      if (open.size === 0) break;
    }
  }
  if (!json) console.log([...counts].map(([state, count]) => `${state} ${count}`).join(', '));
  if (open.size > 0) console.error(`still tracked: ${[...open].slice(0, 20).join(' ')}${open.size > 20 ? ` and ${open.size - 20} more` : ''}`);
  if (open.size > 0 || (counts.get('sent') ?? 0) < ids.size) process.exitCode = 1;
}

/** Ids with where they stand. In a file: one a line; blank lines and lines that begin with # are passed over. */
async function* allIds(ids: readonly string[], file: string | undefined): AsyncGenerator<{ id: string; where: string }> {
  for (const id of ids) yield { id, where: JSON.stringify(id) };
  if (file === undefined) return;
  const input = file === '-' ? process.stdin : createReadStream(file);
  const lines = createInterface({ input });
  let failure: Error | undefined;
  input.once('error', (error: Error) => {
    failure = error;
    lines.close();
  });
  let number = 0;
  for await (const line of lines) {
    number += 1;
    const id = line.trim();
    if (id !== '' && !id.startsWith('#')) yield { id, where: `line ${number}` };
  }
  if (failure) throw new CommandError(`${file}: cannot be read`, EX_NOINPUT);
}
