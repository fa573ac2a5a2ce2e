/** Breaks a line between words, so that none is longer than the width; what follows is indented. Pure. */
export function wrap(line: string, width: number, indent = 2): string {
  const lines: string[] = [];
  for (const word of line.split(/(?<=\S)(?=\s)/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length <= width) lines[lines.length - 1] = last + word;
    else lines.push(last === undefined ? word : ' '.repeat(indent) + word.trimStart());
  }
  return lines.join('\n');
}
