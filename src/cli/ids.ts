import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { parse, type CsvError } from 'csv-parse/sync';
import type { TrackOptions } from '../client/enqueue.ts';
import { FaxId, ID_FORM } from '../contract/fax-job.ts';
import { CommandError, EX_DATAERR, EX_NOINPUT } from './failure.ts';

/** A fax and its place in the input, or what is wrong there. */
export type FaxEntry = { readonly where: string } & (FaxOfLine | { readonly problem: string });

type FaxOfLine = {
  readonly id: string;
  /** The name of the id's column; undefined in a plain list. */
  readonly column?: string;
  readonly options?: TrackOptions;
};

// Names of columns are compared without case, spaces, _ and -.
const ID_NAMES = new Set(['faxjobid', 'faxid', 'jobid', 'id']);
const DEADLINE_NAME = 'deadlinems';
const PARSE = { bom: true, trim: true, relax_column_count: true, delimiter: [',', ';', '\t'] };

/**
 * Faxes from a file: ids, one per line, or CSV with a header that names their column (`faxJobId`, `fax_job_id`, `id`,
 * …). A column `deadlineMs` has deadlines; every other column is metadata, as text. Empty cells, columns without a
 * name, blank lines and lines that begin with # are skipped. Each line is a record of its own: a broken one does not
 * affect the others.
 *
 * @param file a path, or `-` for standard input
 * @param signal ends the reading
 * @throws CommandError if the file cannot be read, or its header has a name twice
 */
export async function* idsOfFile(file: string, signal: AbortSignal): AsyncGenerator<FaxEntry> {
  const input = file === '-' ? process.stdin : createReadStream(file);
  let header: Header | undefined;
  let number = 0;
  try {
    for await (const line of createInterface({ input, signal })) {
      number += 1;
      if (line.trim() === '' || line.trimStart().startsWith('#')) continue;
      const cells = cellsOf(line);
      const first = header === undefined;
      header ??= headerOf(cells) ?? NO_HEADER;
      if (!first || header === NO_HEADER) yield { where: `line ${number}`, ...entryOf(cells, header) };
    }
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(`${file}: cannot be read: ${(error as Error).message}`, EX_NOINPUT);
  }
}

type Header = {
  /** Which column has the ids. */
  readonly id: number;
  /** Which column has the deadlines; -1 if none has. */
  readonly deadline: number;
  readonly names: readonly string[];
};
type Cells = readonly string[] | { readonly problem: string };

const NO_HEADER: Header = { id: 0, deadline: -1, names: [''] };

function cellsOf(line: string): Cells {
  try {
    return parse(line, PARSE)[0] ?? [];
  } catch (error) {
    return {
      problem:
        (error as CsvError).code === 'CSV_QUOTE_NOT_CLOSED' ? 'a quote is not closed on this line' : 'misplaced quote',
    };
  }
}

function headerOf(cells: Cells): Header | undefined {
  if ('problem' in cells) return undefined;
  const plain = cells.map((cell) => cell.toLowerCase().replace(/[\s_-]/g, ''));
  const id = plain.findIndex((name) => ID_NAMES.has(name));
  if (id < 0) return undefined;
  const twice = cells.find((name, at) => name !== '' && cells.indexOf(name) < at);
  if (twice !== undefined) throw new CommandError(`the header has two columns ${shown(twice)}`, EX_DATAERR);
  return { id, deadline: plain.indexOf(DEADLINE_NAME), names: cells };
}

function entryOf(cells: Cells, header: Header): FaxOfLine | { problem: string } {
  const { id, names } = header;
  if ('problem' in cells) return cells;
  if (cells.length === names.length) {
    const column = names[id] ?? '';
    return withOptions({ id: cells[id] ?? '', ...(column !== '' && { column }) }, cells, header);
  }
  if (names.length === 1) return { problem: 'more than one column: add a header, such as faxJobId,invoice' };
  return { problem: `${cells.length} columns, but the header has ${names.length}` };
}

function withOptions(
  fax: FaxOfLine,
  cells: readonly string[],
  { id, deadline, names }: Header,
): FaxOfLine | { problem: string } {
  const text = cells[deadline] ?? '';
  if (text !== '' && !/^[1-9]\d{0,14}$/.test(text))
    return { problem: `column ${names[deadline]}: ${shown(text)}: must be a positive whole number of ms` };
  const others = names.map((name, at) => [name, cells[at] ?? '', at] as const);
  const metadata = others.filter(([name, cell, at]) => name !== '' && cell !== '' && at !== id && at !== deadline);
  const options: TrackOptions = {
    ...(metadata.length > 0 && { metadata: Object.fromEntries(metadata.map(([name, cell]) => [name, cell])) }),
    ...(text !== '' && { deadlineMs: Number(text) }),
  };
  return { ...fax, options };
}

/**
 * Checks an id from the command line.
 *
 * @throws CommandError if it is none
 */
export function checkId(id: string): void {
  if (FaxId.safeParse(id).success) return;
  throw new CommandError(`${shown(id)} is no fax id: a fax id is ${ID_FORM}`, EX_DATAERR);
}

const SHOWN = 64;

/** A value for a message: on one line, and not too long. */
export const shown = (value: string): string =>
  JSON.stringify(value.length > SHOWN ? `${value.slice(0, SHOWN)}…` : value);
