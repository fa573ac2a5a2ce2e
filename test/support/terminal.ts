import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { stripVTControlCharacters } from 'node:util';
import { ROOT } from './worker-process.ts';

/** Runs the faxwatch command to its end on a terminal, which script(1) of util-linux provides. */
export async function runOnTerminal(args: readonly string[], env: Record<string, string>): Promise<{ code: number | null; raw: string; screen: string[] }> {
  const command = [process.execPath, 'src/cli.ts', ...args].join(' ');
  const child = spawn('script', ['--quiet', '--return', '--flush', '--command', command, '/dev/null'], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'] ?? '', TERM: 'xterm', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  const raw = await text(child.stdout);
  await closed;
  return { code: child.exitCode, raw, screen: screenOf(raw) };
}

const TO_START_OF_LINE = '\x1b[1G';

/** What is left to see of lines that were written over. */
const screenOf = (raw: string): string[] =>
  raw
    .trimEnd()
    .split('\r\n')
    .map((line) => stripVTControlCharacters(line.slice(Math.max(0, line.lastIndexOf(TO_START_OF_LINE)))));
