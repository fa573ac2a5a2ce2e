import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { FaxApiClient } from '../../src/fax-api/client.ts';

// RFC 9110 §15.2: a client must be able to parse interim responses before the final one, asked for or not.

const BODY = '{"status":"success","message":"Sent!"}';
const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';
const HINTS = 'HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n';
const UPGRADE = 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n';
const FINAL = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`;

let server: Server;
let client: FaxApiClient;
let sockets: Socket[];
const stop = async (): Promise<void> => {
  await client.close();
  for (const socket of sockets) socket.destroy();
  server.close();
};
afterEach(stop);

/** A server that answers each request with these pieces of bytes, each in a packet of its own. */
async function answering(pieces: readonly string[], method: 'GET' | 'POST' = 'GET', timeoutMs = 2_000): Promise<void> {
  sockets = [];
  server = createServer((socket: Socket) => {
    sockets.push(socket);
    socket.setNoDelay(true).on('error', () => undefined);
    const send = async (): Promise<void> => {
      for (const piece of pieces) {
        if (socket.destroyed) return;
        await new Promise((resolve) => socket.write(piece, resolve));
        await new Promise((resolve) => setTimeout(resolve, 2)); // else the kernel may join the packets
      }
    };
    socket.on('data', () => void send());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  client = new FaxApiClient({
    FAX_API_KEY: 'key',
    FAX_API_BASE_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    FAX_API_METHOD: method,
    FAX_API_TIMEOUT_MS: timeoutMs,
    WORKER_CONCURRENCY: 1,
  });
}

const bytewise = (text: string): string[] => text.split('');

describe('an interim response that nobody asked for', () => {
  it.each<[string, string[]]>([
    ['100 in the packet of the answer', [CONTINUE + FINAL]],
    ['100 in a packet of its own', [CONTINUE, FINAL]],
    ['100 with headers, and without a phrase', ['HTTP/1.1 100\r\nserver: x\r\ndate: y\r\n\r\n', FINAL]],
    ['two of them', [CONTINUE + CONTINUE, FINAL]],
    ['102 and 103 before 100', [HINTS + CONTINUE + FINAL]],
    ['100 cut into bytes', [...bytewise(CONTINUE), FINAL]],
    ['100, and an answer that is cut into bytes', [CONTINUE, ...bytewise(FINAL)]],
    ['none', [FINAL]],
  ])('%s', async (_what, pieces) => {
    for (const method of ['GET', 'POST'] as const) {
      await answering(pieces, method);
      for (let i = 0; i < 3; i += 1) {
        expect(await client.status('1')).toMatchObject({ kind: 'status', message: 'Sent!' });
        await setImmediate();
      }
      expect(sockets).toHaveLength(1); // the connection is kept, as after any answer
      await stop();
    }
  });

  it('a body that reads like one is left as it is', async () => {
    const body = CONTINUE + BODY;
    const head = `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n`;
    await answering([head, body]);
    expect(await client.status('1')).toMatchObject({ kind: 'fault', fault: 'not_json' });
    expect(await client.status('1')).toMatchObject({ kind: 'fault', fault: 'not_json' });
    expect(sockets).toHaveLength(1);
  });

  it.each<[string, string[]]>([
    ['101, which is no interim response', [UPGRADE, FINAL]],
    ['head without an end', [`HTTP/1.1 100 Continue\r\nx: ${'x'.repeat(100_000)}`]],
    ['a garbled answer', [CONTINUE, 'HTTP/9 nonsense\r\n\r\n']],
  ])('%s is a fault', async (_what, pieces) => {
    await answering(pieces);
    expect(await client.status('1')).toMatchObject({ kind: 'fault', fault: 'connection' });
  });

  it('100s without end do not outlast the time-out', async () => {
    await answering(
      Array.from({ length: 1_000 }, () => CONTINUE),
      'GET',
      300,
    );
    expect(await client.status('1')).toMatchObject({ kind: 'fault', fault: 'timeout' });
  });

  it('a server that closes in the middle of one is a connection fault', async () => {
    await answering([]);
    server.on('connection', (socket: Socket) => socket.once('data', () => socket.end('HTTP/1.1 100 Con')));
    expect(await client.status('1')).toMatchObject({ kind: 'fault', fault: 'connection' });
  });
});
