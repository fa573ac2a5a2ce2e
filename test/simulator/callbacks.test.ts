import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { copiesOf, isCallbackUrl, nextAttemptAt, type CallbackOptions } from '../../src/simulator/callbacks.ts';
import { fateOf } from '../../src/simulator/fate.ts';
import { Simulator } from '../../src/simulator/simulator.ts';

type Received = { faxId: string; form: URLSearchParams; at: number; whole: string };

/** The code for a callback, given how many came before of the same fax. */
type Answer = (faxId: string, before: number) => number | undefined | Promise<number>;

/** Takes callbacks, and answers each with the code that it is given; with none, it never answers. */
class Receiver {
  readonly received: Received[] = [];
  readonly #server: Server;
  #waiting: (() => void)[] = [];

  private constructor(answer: Answer) {
    this.#server = createServer((request, response) => {
      void (async () => {
        const received = await read(request);
        const before = this.of(received.faxId).length;
        this.received.push(received);
        for (const resolve of this.#waiting.splice(0)) resolve();
        const code = await answer(received.faxId, before);
        if (code !== undefined) response.writeHead(code).end();
      })();
    });
  }

  static async start(answer: Answer = () => 200, port = 0): Promise<Receiver> {
    const receiver = new Receiver(answer);
    receiver.#server.listen(port, '127.0.0.1');
    await once(receiver.#server, 'listening');
    return receiver;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/callback/s3cret?from=fax`;
  }

  of(faxId: string): Received[] {
    return this.received.filter((received) => received.faxId === faxId);
  }

  async until(enough: () => boolean): Promise<void> {
    while (!enough()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}

async function read(request: IncomingMessage): Promise<Received> {
  const body = await text(request);
  const form = new URLSearchParams(body);
  const whole = [request.method, request.url, JSON.stringify(request.headers), body].join('\n');
  return { faxId: form.get('fax_job_id') ?? '', form, at: Date.now(), whole };
}

/** Looks now and then; nothing tells when a counter has changed. Jest's own time-out ends a vain wait. */
async function soon(look: () => boolean): Promise<void> {
  while (!look()) await new Promise((resolve) => setTimeout(resolve, 5));
}

let receiver: Receiver;
let simulator: Simulator;

async function start(answer?: Answer, options: Omit<CallbackOptions, 'url'> = {}): Promise<void> {
  receiver = await Receiver.start(answer);
  simulator = await Simulator.start({ apiKey: 'k3y', callback: { url: receiver.url, repeatMs: 20, ...options } });
}

describe('a callback', () => {
  afterEach(async () => {
    jest.restoreAllMocks();
    await simulator.stop();
    await receiver.stop();
  });

  it('is posted as a form once the fax is final, and not before, without the key', async () => {
    await start();
    const sentAt = Date.now();
    simulator.send('busy-7', fateOf('busy', 150));
    await receiver.until(() => receiver.received.length > 0);
    const [{ form, at, whole }] = receiver.received as [Received];
    expect(Object.fromEntries(form)).toMatchObject({ fax_job_id: 'busy-7', status: 'failed', msg_code: 'busy' });
    expect(at - sentAt).toBeGreaterThanOrEqual(150);
    expect(whole).toMatch(/^POST\n\/callback\/s3cret\?from=fax\n.*application\/x-www-form-urlencoded/);
    expect(whole).not.toContain('k3y');
  });

  it('waits for the clock, by which the status changes, not for the timer alone', async () => {
    await start();
    const clock = Date.now;
    const sentAt = clock();
    simulator.send(1, fateOf('sent', 100));
    jest.spyOn(Date, 'now').mockImplementation(() => clock() - 80);
    await receiver.until(() => receiver.received.length > 0);
    expect(receiver.received.map(({ at }) => at - sentAt >= 100)).toEqual([true]);
  });

  it('comes again until a 200, and then no more; each attempt counts', async () => {
    await start((faxId, before) => (faxId === '1' ? ([500, 302, 204, 200][before] ?? 200) : 200));
    simulator.send(1, fateOf('sent', 0));
    await receiver.until(() => receiver.of('1').length === 4);
    simulator.send(2, fateOf('sent', 100)); // five times as long as another attempt would take
    await receiver.until(() => receiver.of('2').length === 1);
    expect(receiver.of('1')).toHaveLength(4);
    await soon(() => simulator.callbacksAcknowledged === 2);
    expect(simulator.callbacksSent).toBe(5);
  });

  it('comes again while the receiver is away', async () => {
    await start();
    const { port } = receiver;
    await receiver.stop();
    simulator.send(1, fateOf('sent', 0));
    await soon(() => simulator.callbacksSent >= 2);
    receiver = await Receiver.start(() => 200, port);
    await receiver.until(() => receiver.received.length > 0);
    expect(receiver.received[0]?.faxId).toBe('1');
  });

  it('comes twice, or never, if the options say so', async () => {
    await start(() => 200, { doubles: 1 });
    simulator.send(1, fateOf('sent', 0));
    await receiver.until(() => receiver.received.length === 2);
    await simulator.stop();
    simulator = await Simulator.start({ callback: { url: receiver.url, loss: 1 } });
    simulator.send(2, fateOf('sent', 0));
    const other = await Simulator.start({ callback: { url: receiver.url } });
    other.send(3, fateOf('sent', 50));
    await receiver.until(() => receiver.of('3').length === 1);
    await other.stop();
    expect(receiver.received.map(({ faxId }) => faxId)).toEqual(['1', '1', '3']);
  });

  it('is given up when its fax is sent again', async () => {
    await start();
    simulator.send(1, fateOf('sent', 30));
    simulator.send(1, fateOf('pending', 0));
    simulator.send(2, fateOf('sent', 90));
    await receiver.until(() => receiver.of('2').length === 1);
    expect(receiver.of('1')).toEqual([]);
  });

  it('comes of a fax that began with its first poll', async () => {
    await start();
    await fetch(`${simulator.url}/fax/hangup-1/status?api_key=wrong`);
    const finishes = await Simulator.start({ finishMs: 30, callback: { url: receiver.url } });
    await fetch(`${finishes.url}/fax/hangup-2/status`);
    await receiver.until(() => receiver.received.length > 0);
    await finishes.stop();
    expect(receiver.received.map(({ faxId }) => faxId)).toEqual(['hangup-2']);
  });

  it('is one of at most 32 at a time', async () => {
    let open = 0;
    let most = 0;
    const { promise: release, resolve } = Promise.withResolvers<unknown>();
    await start(async () => {
      most = Math.max(most, (open += 1));
      await release;
      open -= 1;
      return 200;
    });
    for (let id = 1; id <= 100; id += 1) simulator.send(id, fateOf('sent', 0));
    await receiver.until(() => open >= 32);
    for (let i = 0; i < 5; i += 1) await fetch(`${simulator.url}/fax/x/status`); // time in which more could come
    resolve(undefined);
    await receiver.until(() => receiver.received.length === 100);
    expect(most).toBe(32);
  });

  it('does not hold up the end, and none begins after it', async () => {
    await start((faxId) => (faxId === 'first' ? undefined : 200));
    simulator.send('first', fateOf('sent', 0));
    simulator.send('later', fateOf('sent', 80));
    await receiver.until(() => receiver.received.length === 1);
    await simulator.stop();
    const other = await Simulator.start({ callback: { url: receiver.url } });
    other.send('last', fateOf('sent', 160));
    await receiver.until(() => receiver.of('last').length === 1);
    await other.stop();
    expect([simulator.callbacksSent, simulator.callbacksAcknowledged]).toEqual([1, 0]);
  });
});

describe('how often a callback is sent', () => {
  const ids = Array.from({ length: 10_000 }, (_, i) => String(92_000 + i));
  const shares = { loss: 0.1, doubles: 0.2 };
  const shareOf = (copies: number) => ids.filter((id) => copiesOf(id, shares) === copies).length / ids.length;

  it('is as the shares say, of ids in a row', () => {
    expect(shareOf(0)).toBeCloseTo(0.1, 1);
    expect(shareOf(2)).toBeCloseTo(0.9 * 0.2, 1);
    expect(ids.slice(0, 100).filter((id) => copiesOf(id, shares) === 0).length).toBeGreaterThan(0);
  });

  it('is once for all without shares', () => {
    expect(new Set(ids.map((id) => copiesOf(id, {})))).toEqual(new Set([1]));
  });
});

it('an attempt is followed by another until 48 hours after the fax was final', () => {
  const hour = 3_600_000;
  expect(nextAttemptAt(47.5 * hour, 0, hour / 2)).toBe(48 * hour);
  expect(nextAttemptAt(47.5 * hour + 1, 0, hour / 2)).toBeUndefined();
});

it.each([
  ['http://127.0.0.1:8080/callback/x', true],
  ['https://example.com', true],
  ['ftp://example.com/s3cret', false],
  ['file:///s3cret', false],
  ['http://user:s3cret@example.com/', false],
  ['example.com/s3cret', false],
])('%s can be called back: %p', async (url, possible) => {
  expect(isCallbackUrl(url)).toBe(possible);
  if (possible) return;
  const error: unknown = await Simulator.start({ callback: { url } }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(TypeError);
  expect(String(error)).not.toContain('s3cret');
});

it.each([{ loss: 1.1 }, { doubles: -0.1 }, { loss: NaN }, { repeatMs: 0 }])('%j is out of range', async (options) => {
  await expect(Simulator.start({ callback: { url: 'http://127.0.0.1/', ...options } })).rejects.toThrow(RangeError);
});
