import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Transform } from 'node:stream';

/** A way to a server on this machine that can be made slow, dead or broken. */
export class TcpProxy {
  /** How much longer each direction takes, ms. */
  latencyMs = 0;
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #port = 0;

  private constructor(targetPort: number) {
    this.#server = createServer((near) => {
      const far = connect(targetPort, '127.0.0.1');
      const pair = [near, far] as const;
      this.#pairs.add(pair);
      near.pipe(this.#delayed()).pipe(far);
      far.pipe(this.#delayed()).pipe(near);
      for (const socket of pair) {
        socket.on('error', () => undefined);
        socket.on('close', () => {
          this.#pairs.delete(pair);
          for (const other of pair) other.destroy();
        });
      }
    });
  }

  static async start(targetPort: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(targetPort);
    await proxy.back();
    return proxy;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.#port}`;
  }

  /** Leaves the connections of now half open: nothing passes any more, and neither side is told. New ones work. */
  freeze(): number {
    for (const pair of this.#pairs) for (const socket of pair) socket.unpipe().pause();
    return this.#pairs.size;
  }

  /** Resets the connections of now, as a firewall does. */
  reset(): number {
    const { size } = this.#pairs;
    for (const [near] of this.#pairs) near.resetAndDestroy();
    return size;
  }

  /** Listens, at the same address as before. */
  async back(): Promise<void> {
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Stops listening: connections of now are reset, and new ones refused. `back` ends that. */
  async stop(): Promise<void> {
    this.reset();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #delayed(): Transform {
    const delayed: Transform = new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        setTimeout(() => delayed.push(chunk), this.latencyMs);
        done(); // the next one may set out at once: this is latency, not bandwidth
      },
      flush: (done) => setTimeout(done, this.latencyMs),
    });
    return delayed;
  }
}
