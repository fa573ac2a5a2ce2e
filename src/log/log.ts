import { pino, type Logger, type DestinationStream } from 'pino';
import { Redaction } from './redaction.ts';

export type Log = Pick<Logger, 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'child'>;

/**
 * The logger: one JSON object a line, pretty on a terminal. No caller logs a secret; if one still gets into a line, it
 * is removed from the finished line here (pino's own redaction works on paths, not in text).
 *
 * @param secrets what must never be in a line, such as the API key; a `Redaction` may be given more later
 * @param destination standard output if left out
 */
export async function createLog(
  level: string,
  secrets: readonly string[] | Redaction,
  destination?: DestinationStream,
): Promise<Logger> {
  const redaction = secrets instanceof Redaction ? secrets : new Redaction(secrets);
  const options = {
    level,
    base: { pid: process.pid },
    formatters: { level: (label: string) => ({ level: label }) },
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: plainError },
    hooks: { streamWrite: (line: string) => redaction.clean(line) },
  };
  if (destination) return pino(options, destination);
  return process.stdout.isTTY ? pino(options, await prettyStream()) : pino(options);
}

/**
 * An error as it is logged: without its other properties, as client libraries put the command with its arguments there
 * (a password, if that command is AUTH) or the URL of the request.
 */
function plainError(error: unknown): object {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) };
  const { code } = error as NodeJS.ErrnoException;
  return { type: error.name, message: error.message, ...(code !== undefined && { code }), stack: error.stack };
}

async function prettyStream(): Promise<DestinationStream> {
  const { default: pretty } = await import('pino-pretty');
  return pretty({ ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss.l' });
}
