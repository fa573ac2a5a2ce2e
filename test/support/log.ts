import { Writable } from 'node:stream';
import { pino, type Logger } from 'pino';

export const silentLog = pino({ level: 'silent' });

/** A line of the log, as far as tests look at it. */
export type LogLine = { readonly level: number; readonly msg: string } & Readonly<Record<string, unknown>>;

/** A log that a test reads. */
export function listeningLog(level = 'debug'): { readonly log: Logger; readonly lines: readonly LogLine[] } {
  const lines: LogLine[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(JSON.parse(chunk.toString()) as LogLine);
      done();
    },
  });
  return { log: pino({ level }, sink), lines };
}
