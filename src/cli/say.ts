import { wrap } from './wrap.ts';

/** Prints text for people; on a terminal no line is longer than it is wide. */
export function say(text: string, to: NodeJS.WriteStream = process.stdout): void {
  to.write(`${fitted(text, to)}\n`);
}

/** Text as it fits a terminal; elsewhere, as in a file, as it is. */
export function fitted(text: string, { isTTY, columns }: Pick<NodeJS.WriteStream, 'isTTY' | 'columns'>): string {
  if (!isTTY || !columns) return text; // a terminal without a size says 0
  return text
    .split('\n')
    .map((line) => wrap(line, columns))
    .join('\n');
}
