import { SettingsError } from '../config.ts';
import { PayloadError } from '../polling/job.ts';

/** A command that cannot go on, in words for whoever ran it. Exit codes are those of sysexits(3). */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

const EX_SOFTWARE = 70;
export const EX_DATAERR = 65;
export const EX_NOINPUT = 66;
export const EX_UNAVAILABLE = 69;
export const EX_INTERRUPTED = 130; // as shells have it: 128 + SIGINT

/** Says on standard error what went wrong, plainly, and sets the exit code. A stack is shown only for what nobody foresaw. */
export function reportError(error: unknown): void {
  if (error instanceof SettingsError) {
    for (const problem of error.problems) console.error(problem);
    process.exitCode = error.exitCode;
  } else if (error instanceof CommandError) {
    console.error(error.message);
    process.exitCode = error.exitCode;
  } else if (error instanceof PayloadError) {
    console.error(error.message);
    process.exitCode = EX_DATAERR;
  } else if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
    console.error(`${error.message}: the port is taken; set DASHBOARD_PORT, or --port for the stand-in API`);
    process.exitCode = EX_UNAVAILABLE;
  } else {
    console.error(error);
    process.exitCode = EX_SOFTWARE;
  }
}
