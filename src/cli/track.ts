import type { FaxStatusClient } from '../client/client.ts';
import { EventsTrimmedError } from '../client/errors.ts';
import { parseFaxJob, PayloadError } from '../contract/fax-job.ts';
import type { Space } from '../contract/space.ts';
import type { RedisClient } from '../redis/redis-client.ts';
import type { FaxResult } from '../contract/result.ts';
import { accountsInFile } from './accounts-file.ts';
import { withClient } from './client-session.ts';
import { resultLine } from './event-line.ts';
import { CommandError, EX_DATAERR, EX_INTERRUPTED, EX_USAGE } from './failure.ts';
import { idsOfFile, type IdEntry } from './ids.ts';
import { Outcomes } from './outcomes.ts';
import { Progress } from './progress.ts';
import { watchStandstill } from './standstill.ts';

export type TrackFlags = {
  readonly account?: string;
  readonly file?: string;
  readonly wait?: boolean;
  readonly json?: boolean;
};

const LOOKED_UP_AT_ONCE = 500;
const NAMED = 20; // of those still tracked

/**
 * `faxwatch track`: reports a bad id with its line, and goes on with the rest. Exit 0 if all were taken, and with
 * `--wait` only if all were sent. Without ids and file it reads standard input, unless that is a terminal.
 */
export async function track(
  args: readonly string[],
  { account, file, wait = false, json = false }: TrackFlags,
): Promise<void> {
  if (account !== undefined && accountsInFile()?.has(account) === false)
    throw new CommandError(`account ${account} is not in ACCOUNTS_FILE: nobody would poll its faxes`, EX_USAGE);
  const source = file ?? (args.length === 0 && !process.stdin.isTTY ? '-' : undefined);
  await withClient(account, async (client, signal, service) => {
    const { ids, bad } = await readIds(entries(args, source, signal));
    if (file === undefined && ids.size + bad === 0)
      throw new CommandError('no ids: pass them as arguments, with --file or on standard input', EX_DATAERR);
    const since = await client.lastEventId();
    const tracked = await trackAll(client, ids, signal);
    if (!json) console.log(`${tracked} tracked${bad > 0 ? `, ${bad} refused` : ''}`);
    else if (!wait) console.log(JSON.stringify({ tracked, refused: bad }));
    if (bad > 0) process.exitCode = EX_DATAERR;
    const open = wait && tracked === ids.size ? await waitForAll(client, service, ids, since, signal, json) : ids;
    if (!signal.aborted) return;
    console.error(
      tracked < ids.size
        ? `interrupted: the other ${ids.size - tracked} are not tracked`
        : `interrupted: still tracked: ${names(open)}`,
    );
    process.exitCode = EX_INTERRUPTED;
  });
}

/** The ids given, then those of the file. */
async function* entries(
  args: readonly string[],
  source: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<IdEntry> {
  for (const id of args) yield { where: JSON.stringify(id), id };
  if (source !== undefined) yield* idsOfFile(source, signal);
}

/** The good ids, each once; the bad ones are named on standard error. */
async function readIds(all: AsyncIterable<IdEntry>): Promise<{ ids: Set<string>; bad: number }> {
  const ids = new Set<string>();
  let bad = 0;
  for await (const entry of all) {
    const problem = 'problem' in entry ? entry.problem : problemOf(entry.id);
    if ('id' in entry && problem === undefined) ids.add(entry.id);
    else console.error(`${entry.where}: ${problem}`);
    if (problem !== undefined) bad += 1;
  }
  return { ids, bad };
}

function problemOf(id: string): string | undefined {
  try {
    parseFaxJob({ faxJobId: id });
    return undefined;
  } catch (error) {
    if (error instanceof PayloadError) return error.message.replace('data.faxJobId', 'id');
    throw error;
  }
}

async function trackAll(client: FaxStatusClient, ids: ReadonlySet<string>, signal: AbortSignal): Promise<number> {
  const progress = new Progress('{value} of {total} tracked', ids.size);
  function* untilInterrupted(): Generator<string> {
    let read = 0;
    for (const id of ids) {
      if (signal.aborted) return;
      yield id;
      progress.set((read += 1));
    }
  }
  try {
    return await client.trackMany(untilInterrupted());
  } finally {
    progress.stop();
  }
}

/** Prints each outcome as it comes, and a table at the end. If it is interrupted, resolves to the ids without one. */
async function waitForAll(
  client: FaxStatusClient,
  { redis, space }: { readonly redis: RedisClient; readonly space: Space },
  ids: ReadonlySet<string>,
  since: string,
  signal: AbortSignal,
  json: boolean,
): Promise<ReadonlySet<string>> {
  const open = new Set(ids);
  const outcomes = new Outcomes();
  const progress = new Progress('{value} of {total} finished', ids.size);
  using started = new DisposableStack();
  started.use(watchStandstill(redis, space, (text) => progress.note(text)));
  const done = (result: FaxResult): void => {
    if (!open.delete(String(result.faxJobId))) return;
    outcomes.add(result);
    progress.line(json ? JSON.stringify(result) : resultLine(result));
    progress.set(ids.size - open.size);
  };
  for (let from = since; open.size > 0 && !signal.aborted; from = await client.lastEventId()) {
    // Some may have been finished before `from`; all others are in the stream after it, until it is trimmed past us.
    for await (const known of lookedUp(client, [...open], signal)) if (known.kind === 'done') done(known.result);
    try {
      if (open.size === 0) break;
      for await (const event of client.events({ since: from, signal })) {
        done(event.data);
        if (open.size === 0) break;
      }
    } catch (error) {
      if (!(error instanceof EventsTrimmedError)) throw error;
    }
  }
  progress.stop();
  if (!json) console.log(outcomes.toString());
  if (outcomes.sent < ids.size) process.exitCode = 1;
  return open;
}

async function* lookedUp(
  client: FaxStatusClient,
  ids: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<Awaited<ReturnType<FaxStatusClient['status']>>> {
  for (let at = 0; at < ids.length && !signal.aborted; at += LOOKED_UP_AT_ONCE) {
    yield* await Promise.all(ids.slice(at, at + LOOKED_UP_AT_ONCE).map(async (id) => client.status(id)));
  }
}

function names(ids: ReadonlySet<string>): string {
  const named = [...ids].slice(0, NAMED).join(' ');
  return ids.size > NAMED ? `${named} and ${ids.size - NAMED} more` : named;
}
