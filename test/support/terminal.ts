import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { stripVTControlCharacters } from 'node:util';
import { ROOT } from './worker-process.ts';

/**
 * Runs the faxwatch command to its end on a terminal, which script(1) of util-linux provides.
 *
 * @param written is called with all that has been written so far, each time that there is more, and with what types
 *   into the terminal
 */
export async function runOnTerminal(
  args: readonly string[],
  env: Record<string, string>,
  written: (raw: string, type: (keys: string) => void) => void,
): Promise<{ code: number | null; raw: string; screen: string[] }> {
  const command = [process.execPath, 'src/cli.ts', ...args].join(' ');
  const child = spawn('script', ['--quiet', '--return', '--flush', '--command', command, '/dev/null'], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'] ?? '', TERM: 'xterm', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  let raw = '';
  child.stdout
    .setEncoding('utf8')
    .on('data', (chunk: string) => written((raw += chunk), (keys) => child.stdin.write(keys)));
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
