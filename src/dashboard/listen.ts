import type { FastifyInstance } from 'fastify';
import type { AddressInfo } from 'node:net';
import type { Log } from '../log/log.ts';
import { ListenError } from '../settings/listen-error.ts';
import type { Settings } from '../settings/table.ts';

/**
 * Lets the server listen where the settings say.
 *
 * @param board whether it serves the dashboard: a worker goes without health and metrics if the port is taken, the
 *   dashboard cannot
 * @returns its URL; undefined if it does not listen
 * @throws ListenError if nothing could listen there; Node's error if the port is taken
 */
export async function listen(
  server: FastifyInstance,
  { DASHBOARD_HOST: host, DASHBOARD_PORT: port }: Pick<Settings, 'DASHBOARD_HOST' | 'DASHBOARD_PORT'>,
  board: boolean,
  log: Log,
): Promise<string | undefined> {
  if (port === 0) return undefined;
  try {
    await server.listen({ host, port });
  } catch (error) {
    // Several workers of one machine share the settings: the first serves health and metrics.
    const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
    if (!isTaken) throw new ListenError('DASHBOARD', host, port, error);
    if (board) throw error;
    log.warn({ port }, 'port taken: this worker serves no health and no metrics; set DASHBOARD_PORT, 0 for none');
    return undefined;
  }
  const url = urlOf(server.server.address() as AddressInfo);
  log.info({ url: board ? `${url}/` : `${url}/healthz` }, board ? 'overview and dashboard' : 'health and metrics');
  return url;
}

function urlOf({ address, port, family }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
