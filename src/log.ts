import { pino, type Logger, type DestinationStream } from 'pino';
import { redactor } from './fax-api/redact.ts';

export type Log = Pick<Logger, 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'child'>;

/**
 * The logger: one JSON object a line, pretty on a terminal. No caller logs a secret; should one slip into any line all the same, it
 * is taken out of the finished line here (pino's own redaction works on paths, not inside texts).
 *
 * @param secrets what must never be in a line, such as the API key
 */
export async function createLog(level: string, secrets: readonly (string | null)[]): Promise<Logger> {
  const redactors = secrets.filter((secret): secret is string => Boolean(secret)).map(redactor);
  const options = {
    level,
    base: { pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    hooks: { streamWrite: (line: string) => redactors.reduce((clean, redact) => redact(clean), line) },
  };
  return process.stdout.isTTY ? pino(options, await prettyStream()) : pino(options);
}

async function prettyStream(): Promise<DestinationStream> {
  const { default: pretty } = await import('pino-pretty');
  return pretty({ ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss.l' });
}
