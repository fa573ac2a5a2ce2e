import { Redis } from 'ioredis';

/**
 * A connection that sends all commands of one turn of the event loop together: a system call for each would be the
 * largest single cost of a poll (docs/benchmarks.md). Unlike ioredis's automatic pipelining, this does not change what
 * happens to a command when the connection breaks.
 */
export class BatchingRedis extends Redis {
  override sendCommand(...args: Parameters<Redis['sendCommand']>): unknown {
    const { stream } = this;
    // The stream is not there before the first connection, whatever the type says.
    if ((stream as typeof stream | undefined)?.writableCorked === 0) {
      stream.cork();
      setImmediate(() => stream.uncork());
    }
    return super.sendCommand(...args);
  }

  /**
   * A batch that a replica refuses has a READONLY reply for each command, and ioredis reconnects for each
   * (`reconnectOnError`), with one more timer and listener on the same socket. The first time is enough.
   */
  override disconnect(reconnect = false): void {
    const { stream } = this;
    if (reconnect && (stream as typeof stream | undefined)?.writableEnded) return;
    super.disconnect(reconnect);
  }
}
