import { once } from 'node:events';
import { connect } from 'node:net';

const PATIENCE_MS = 15_000;

/**
 * Sends bytes over one connection, as a client would that does not keep to HTTP, and reads until the server closes it.
 *
 * @returns all that came back, by then or within 15 s
 */
export async function rawHttp(url: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.write(bytes);
  const timer = setTimeout(() => socket.destroy(), PATIENCE_MS);
  await once(socket, 'close');
  clearTimeout(timer);
  return Buffer.concat(chunks).toString();
}

/** The status codes of the responses in what came back over one connection. */
export const statusCodes = (responses: string): number[] =>
  [...responses.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, code]) => Number(code));
