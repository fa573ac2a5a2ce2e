import { AccountError, CancelError, RedisReplyError, RedisUnavailableError } from '../client/errors.ts';
import { ListenError } from '../settings/listen-error.ts';
import { SettingsError } from '../settings/settings-error.ts';
import { Redaction } from '../log/redaction.ts';
import { PayloadError } from '../contract/fax-job.ts';
import { say } from './say.ts';

/** A command that cannot go on, in words for the person who ran it. Exit codes are those of sysexits(3). */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

const EX_SOFTWARE = 70;
export const EX_TEMPFAIL = 75;
export const EX_USAGE = 64;
export const EX_DATAERR = 65;
export const EX_NOINPUT = 66;
export const EX_UNAVAILABLE = 69;
export const EX_INTERRUPTED = 130; // as shells have it: 128 + SIGINT

const redaction = new Redaction();

/** Removes these secrets from whatever `reportError` prints from now on. */
export function redactErrors(secrets: readonly string[]): void {
  redaction.add(secrets);
}

/**
 * Says plainly on standard error what went wrong, and sets the exit code. Only an unexpected error shows its stack. No
 * other property is shown, as client libraries put the command with its arguments on their errors.
 */
export function reportError(error: unknown): void {
  const [text, exitCode] = reportOf(error);
  say(redaction.clean(text), process.stderr);
  process.exitCode = exitCode;
}

function reportOf(error: unknown): [text: string, exitCode: number] {
  if (!(error instanceof Error)) return [String(error), EX_SOFTWARE];
  if (error instanceof SettingsError) return [error.problems.join('\n'), error.exitCode];
  if (error instanceof CommandError) return [error.message, error.exitCode];
  if (error instanceof AccountError) return [`--${error.message}`, EX_USAGE];
  if (error instanceof PayloadError) return [error.message, EX_DATAERR];
  if (error instanceof CancelError) return [error.message, EX_TEMPFAIL];
  if (error instanceof RedisUnavailableError) return [`${error.message} (REDIS_URL)`, EX_UNAVAILABLE];
  if (error instanceof RedisReplyError) return [error.message, EX_UNAVAILABLE];
  if (error instanceof ListenError) return [error.message, EX_UNAVAILABLE];
  if ('code' in error && error.code === 'EADDRINUSE') {
    return [`${error.message}: the port is in use; set another with DASHBOARD_PORT`, EX_UNAVAILABLE];
  }
  return [error.stack ?? error.message, EX_SOFTWARE];
}
