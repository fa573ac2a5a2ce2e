import type { FaxStatusClient } from '../client/client.ts';
import type { TrackedFax, TrackOptions } from '../client/enqueue.ts';
import { EventsTrimmedError } from '../client/errors.ts';
import { parseFaxJob, PayloadError } from '../contract/fax-job.ts';
import type { Space } from '../contract/space.ts';
import type { RedisClient } from '../redis/redis-client.ts';
import type { FaxResult, JsonObject } from '../contract/result.ts';
import { accountsInFile } from './accounts-file.ts';
import { withClient } from './client-session.ts';
import { resultLine } from './event-line.ts';
import { CommandError, EX_DATAERR, EX_INTERRUPTED, EX_TEMPFAIL, EX_USAGE } from './failure.ts';
import { idsOfFile, shown, type FaxEntry } from './ids.ts';
import { Outcomes } from './outcomes.ts';
import { Progress } from './progress.ts';
import { say } from './say.ts';
import { watchStandstill } from './standstill.ts';

export type TrackFlags = {
  readonly account?: string;
  readonly file?: string;
  /** For all faxes, as JSON; the columns of a file come before it. */
  readonly metadata?: string;
  /** For all faxes without one of their own, ms. */
  readonly deadline?: number;
  readonly wait?: boolean;
  /** How long to wait at most, ms. */
  readonly timeout?: number;
  readonly json?: boolean;
};

const LOOKED_UP_AT_ONCE = 500;
const NAMED = 20; // of those still tracked

/**
 * `faxwatch track`: reports a bad id with its line, and goes on with the rest. Exit 0 if all were taken, and with
 * `--wait` only if all were sent; 75 if `--timeout` came first. Without ids and file it reads standard input, unless
 * that is a terminal.
 */
export async function track(
  args: readonly string[],
  { account, file, metadata, deadline, wait = false, timeout, json = false }: TrackFlags,
): Promise<void> {
  if (account !== undefined && accountsInFile()?.has(account) === false)
    throw new CommandError(`account ${account} is not in ACCOUNTS_FILE: nobody would poll its faxes`, EX_USAGE);
  if (timeout !== undefined && !wait) throw new CommandError('--timeout is for --wait: add it', EX_USAGE);
  const all = optionsForAll(metadata, deadline);
  const source = file ?? (args.length === 0 && !process.stdin.isTTY ? '-' : undefined);
  await withClient(account, async (client, signal, service) => {
    const { faxes, bad, repeated } = await readFaxes(entries(args, source, signal), all);
    if (faxes.size + bad === 0) {
      const where = file === undefined ? 'pass them as arguments, with --file or on standard input' : `none in ${file}`;
      throw new CommandError(`no ids: ${where}`, EX_DATAERR);
    }
    const since = await client.lastEventId();
    const tracked = await trackAll(client, faxes, signal);
    const others = [
      bad > 0 && `${bad} refused`,
      repeated > 0 && `${repeated} duplicate${repeated > 1 ? 's' : ''} ignored`,
    ];
    if (!json) console.log([`${tracked} tracked`, ...others].filter(Boolean).join(', '));
    else if (!wait) console.log(JSON.stringify({ tracked, refused: bad, repeated }));
    if (bad > 0) process.exitCode = EX_DATAERR;
    const late = timeout === undefined ? undefined : AbortSignal.timeout(timeout);
    const end = late ? AbortSignal.any([signal, late]) : signal;
    const ids = new Set(faxes.keys());
    const open = wait && tracked === ids.size ? await waitForAll(client, service, ids, since, end, json) : ids;
    if (open.size === 0 || !end.aborted) return;
    if (tracked < ids.size) console.error(`interrupted: the other ${ids.size - tracked} are not tracked`);
    else if (signal.aborted) console.error(`interrupted: still tracked: ${names(open)}`);
    else console.error(`not finished within the timeout, and still tracked: ${names(open)}`);
    process.exitCode = signal.aborted ? EX_INTERRUPTED : EX_TEMPFAIL;
  });
}

/** @throws CommandError if the metadata are no JSON object */
function optionsForAll(metadata: string | undefined, deadlineMs: number | undefined): TrackOptions {
  const options = { ...(metadata !== undefined && { metadata: jsonOf(metadata) }), ...(deadlineMs && { deadlineMs }) };
  const problem = problemOf({ id: '1', options });
  if (problem !== undefined) throw new CommandError(`--${problem}`, EX_USAGE);
  return options;
}

function jsonOf(text: string): JsonObject {
  try {
    return JSON.parse(text) as JsonObject;
  } catch {
    throw new CommandError(`--metadata: ${shown(text)} is no JSON: pass an object, such as '{"a":1}'`, EX_USAGE);
  }
}

/** The ids given, then those of the file. */
async function* entries(
  args: readonly string[],
  source: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<FaxEntry> {
  for (const id of args) yield { where: 'arguments', id };
  if (source !== undefined) yield* idsOfFile(source, signal);
}

/** The good faxes, each once; the bad ones are named on standard error. */
async function readFaxes(
  entries: AsyncIterable<FaxEntry>,
  { metadata, ...all }: TrackOptions,
): Promise<{ faxes: Map<string, TrackOptions>; bad: number; repeated: number }> {
  const faxes = new Map<string, TrackOptions>();
  let bad = 0;
  let repeated = 0;
  for await (const entry of entries) {
    if ('problem' in entry) {
      say(`${entry.where}: ${entry.problem}`, process.stderr);
      bad += 1;
      continue;
    }
    const { id, column, options = {} } = entry;
    const both = { ...metadata, ...options.metadata };
    const merged = { ...all, ...options, ...(Object.keys(both).length > 0 && { metadata: both }) };
    const problem = problemOf({ id, column, options: merged });
    if (problem !== undefined) {
      say(`${entry.where}: ${problem}`, process.stderr);
      bad += 1;
    } else if (faxes.has(id)) repeated += 1;
    else faxes.set(id, merged);
  }
  return { faxes, bad, repeated };
}

type Fax = { readonly id: string; readonly column?: string | undefined; readonly options: TrackOptions };

/** What is wrong with a fax, with the place and the value; undefined if nothing is. */
function problemOf({ id, column, options }: Fax): string | undefined {
  try {
    parseFaxJob({ faxJobId: id, ...options });
    return undefined;
  } catch (error) {
    if (!(error instanceof PayloadError)) throw error;
    const place = column === undefined ? 'id' : `column ${column}:`;
    return error.message.replace('data.faxJobId', `${place} ${shown(id)}`).replaceAll('data.', '');
  }
}

async function trackAll(
  client: FaxStatusClient,
  faxes: ReadonlyMap<string, TrackOptions>,
  signal: AbortSignal,
): Promise<number> {
  const progress = new Progress('{value} of {total} tracked', faxes.size);
  function* untilInterrupted(): Generator<TrackedFax> {
    let read = 0;
    for (const [faxJobId, options] of faxes) {
      if (signal.aborted) return;
      yield { faxJobId, ...options };
      progress.set((read += 1));
    }
  }
  try {
    return await client.trackMany(untilInterrupted());
  } finally {
    progress.stop();
  }
}

/** Prints each outcome as it comes, and a table at the end. @returns the ids without one, if the signal is aborted */
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
  if (!json && open.size < ids.size) console.log(outcomes.toString());
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
