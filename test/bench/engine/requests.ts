import { Agent as HttpAgent } from 'node:http';
import got from 'got';
import { Redis } from 'ioredis';
import { Agent, request } from 'undici';

// The requests alone, by got as it comes, or by undici: without queue, and with nothing made of the answers.

const {
  REDIS_URL = '',
  KEY_PREFIX = '',
  FAX_API_BASE_URL = '',
  WORKER_CONCURRENCY,
  FAXES,
  FINAL_AT,
  CLIENT,
} = process.env;
const redis = new Redis(REDIS_URL);
const [connections, polls] = [Number(WORKER_CONCURRENCY), Number(FINAL_AT)];

const byGot = got.extend({
  agent: { http: new HttpAgent({ keepAlive: true, maxSockets: connections }) },
  retry: { limit: 0 },
  decompress: false,
});
const dispatcher = new Agent({ connections });
const ask: Record<string, (url: string) => Promise<unknown>> = {
  got: async (url) => byGot(url, { searchParams: { api_key: 'bench' } }).json(),
  undici: async (url) => (await request(`${url}?api_key=bench`, { dispatcher })).body.json(),
};

let next = 0;
const one = ask[CLIENT ?? ''];
await Promise.all(
  Array.from({ length: connections }, async () => {
    while (next < Number(FAXES)) {
      const id = (next += 1);
      for (let poll = 0; poll < polls; poll += 1) await one?.(`${FAX_API_BASE_URL}/fax/${id}/status`);
      redis.publish(`${KEY_PREFIX}completed`, String(id)).catch(() => undefined);
    }
  }),
);
await redis.quit();
dispatcher.destroy().catch(() => undefined);
