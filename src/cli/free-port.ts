import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

/** A port of the loopback that is free now: the one wanted, or any. @param port 0 for any */
export async function freePort(port: number): Promise<number> {
  const free = async (wanted: number): Promise<number> => {
    const probe = createServer().listen(wanted, '127.0.0.1');
    await once(probe, 'listening');
    const { port: found } = probe.address() as AddressInfo;
    probe.close();
    await once(probe, 'close');
    return found;
  };
  return free(port).catch(() => free(0));
}
