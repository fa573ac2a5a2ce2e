import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { parse, type CsvError } from 'csv-parse/sync';
import { CommandError, EX_NOINPUT } from './failure.ts';

/** An id and its place in the input, or what is wrong there. */
export type IdEntry = { readonly where: string } & ({ readonly id: string } | { readonly problem: string });

const HEADERS = new Set(['faxjobid', 'faxid', 'jobid', 'id']); // compared without case, spaces, _ and -
const PARSE = { bom: true, trim: true, relax_column_count: true, delimiter: [',', ';', '\t'] };

/**
 * Ids from a file: one per line, or CSV with a header that names their column (`faxJobId`, `fax_job_id`, `id`, …).
 * Other columns, blank lines and lines that begin with # are skipped. Each line is a record of its own: a broken one
 * does not affect the others.
 *
 * @param file a path, or `-` for standard input
 * @param signal ends the reading
 * @throws CommandError if the file cannot be read
 */
export async function* idsOfFile(file: string, signal: AbortSignal): AsyncGenerator<IdEntry> {
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
    throw new CommandError(`${file}: cannot be read: ${(error as Error).message}`, EX_NOINPUT);
  }
}

type Header = { readonly column: number; readonly columns: number };
type Cells = readonly string[] | { readonly problem: string };

const NO_HEADER: Header = { column: 0, columns: 1 };

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
  const column = cells.findIndex((cell) => HEADERS.has(cell.toLowerCase().replace(/[\s_-]/g, '')));
  return column < 0 ? undefined : { column, columns: cells.length };
}

function entryOf(cells: Cells, { column, columns }: Header): { id: string } | { problem: string } {
  if ('problem' in cells) return cells;
  if (cells.length === columns) return { id: cells[column] ?? '' };
  if (columns === 1) return { problem: 'more than one column: add a header, such as faxJobId,invoice' };
  return { problem: `${cells.length} columns, but the header has ${columns}` };
}
