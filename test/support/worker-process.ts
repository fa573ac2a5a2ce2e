import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A Node program as a process of its own, with nothing in its environment but what is given. */
export class NodeProcess {
  readonly child: ChildProcess;
  readonly lines: string[] = [];
  readonly #exited: Promise<unknown>;

  constructor(args: readonly string[], env: Record<string, string>, input = '') {
    this.child = spawn(process.execPath, [...args], {
      env: { PATH: process.env['PATH'] ?? '', ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#exited = once(this.child, 'close');
    this.child.stdin?.end(input);
    for (const stream of [this.child.stdout, this.child.stderr]) {
      if (stream) createInterface({ input: stream }).on('line', (line) => this.lines.push(line));
    }
  }

  get output(): string {
    return this.lines.join('\n');
  }

  /** The first line that matches. Fails if the process ends without one. */
  async line(pattern: RegExp): Promise<string> {
    for (;;) {
      const found = this.lines.find((line) => pattern.test(line));
      if (found !== undefined) return found;
      if (this.child.exitCode !== null)
        throw new Error(
          `the process ended (${this.child.exitCode}) without a line that matches ${String(pattern)}:\n${this.output}`,
        );
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async exit(signal?: NodeJS.Signals): Promise<number | null> {
    if (signal && this.child.exitCode === null) this.child.kill(signal);
    await this.#exited;
    return this.child.exitCode;
  }
}

/** The faxwatch command. */
export class CliProcess extends NodeProcess {
  constructor(args: readonly string[], env: Record<string, string>, input = '') {
    super([CLI, ...args], env, input);
  }
}

/** Runs a command to its end. */
export async function run(
  args: readonly string[],
  env: Record<string, string> = {},
  input = '',
): Promise<{ code: number | null; output: string }> {
  const command = new CliProcess(args, env, input);
  return { code: await command.exit(), output: command.output };
}

export { ROOT };
