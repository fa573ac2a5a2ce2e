import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

export type KeyState = 'ok' | 'refused' | 'hanging';

/** An API for many keys, each in a state of its own: a fax is under way at its first poll, and sent at its second. */
export class KeyedApi {
  readonly log: { readonly key: string; readonly faxId: string; readonly at: number }[] = [];
  readonly #states = new Map<string, KeyState>();
  readonly #polled = new Set<string>();
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://api');
      const key = searchParams.get('api_key') ?? '';
      const faxId = pathname.split('/').at(-2) ?? '';
      this.log.push({ key, faxId, at: performance.now() });
      const state = this.#states.get(key) ?? 'refused';
      if (state === 'hanging') return;
      response.setHeader('content-type', 'application/json');
      if (state === 'refused') response.writeHead(401).end('{}');
      else response.end(JSON.stringify({ ...this.#answer(faxId), user_cash_balance: 1 }));
    });
  }

  static async start(): Promise<KeyedApi> {
    const api = new KeyedApi();
    await once(api.#server.listen(0, '127.0.0.1'), 'listening');
    return api;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/api/v2`;
  }

  set(key: string, state: KeyState): void {
    this.#states.set(key, state);
  }

  requestsWith(key: string, since = 0): number {
    return this.log.filter((request) => request.key === key && request.at >= since).length;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(faxId: string): object {
    if (this.#polled.has(faxId)) return { status: 'success', message: 'Sent! Fax Has Been Answered.' };
    this.#polled.add(faxId);
    return { status: 'executed', message: 'Fax is being sent' };
  }
}
