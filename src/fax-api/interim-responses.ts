import type { Socket } from 'node:net';
import { buildConnector } from 'undici';

const START = 'HTTP/1.1 1';
const STATUS_END = 'HTTP/1.1 100'.length;
const INTERIM = /^HTTP\/1\.1 1(?!01)\d\d$/; // 101 is the last response of its connection
const HEAD_END = '\r\n\r\n';
const MAX_HEAD_BYTES = 16 * 1024; // anything longer is left to the parser, which has the same limit
const NOTHING = Buffer.alloc(0);

/**
 * Connects for undici, and removes interim responses (1xx) from what it reads. A client must accept them unasked (RFC
 * 9110, 15.2), and some servers and proxies send `100 Continue` that way. undici closes such a connection, and its
 * handlers cannot change that.
 *
 * @param options as for undici's own connector
 */
export function connectorWithoutInterim(options: buildConnector.BuildOptions): buildConnector.connector {
  const connect = buildConnector(options);
  return (target, callback) =>
    connect(target, (...result) => {
      if (result[0] === null) leaveOutInterim(result[1]);
      callback(...result);
    });
}

/** Only what comes first after a request can be an interim response: a body that looks like one is not touched. */
function leaveOutInterim(socket: Socket): void {
  const push = socket.push.bind(socket);
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
  let answered = false;
  let held: Buffer = NOTHING; // an interim response, or its beginning, or the beginning of the final one

  socket.write = (...args: unknown[]) => {
    answered = false;
    return write(...args);
  };

  socket.push = (chunk: Buffer | null, encoding) => {
    if (answered) return push(chunk, encoding);
    if (chunk !== null) {
      held = afterInterim(held.length === 0 ? chunk : Buffer.concat([held, chunk]));
      if (mayBeInterim(held)) return true;
    }
    answered = true;
    const bytes = held;
    held = NOTHING;
    if (chunk === null) {
      if (bytes.length > 0) push(bytes);
      return push(null);
    }
    return push(bytes);
  };
}

/** What is left once the interim responses that are complete are cut off. */
function afterInterim(bytes: Buffer): Buffer {
  let rest = bytes;
  while (INTERIM.test(statusOf(rest))) {
    const end = rest.indexOf(HEAD_END);
    if (end === -1) break;
    rest = rest.subarray(end + HEAD_END.length);
  }
  return rest;
}

/** Whether bytes do not yet tell what they are, or are the head of an interim response that has not ended. */
function mayBeInterim(bytes: Buffer): boolean {
  if (bytes.length > MAX_HEAD_BYTES) return false;
  const status = statusOf(bytes);
  return status.length < STATUS_END ? START.startsWith(status.slice(0, START.length)) : INTERIM.test(status);
}

const statusOf = (bytes: Buffer): string => bytes.toString('latin1', 0, STATUS_END);
