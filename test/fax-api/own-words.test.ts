import { expect, it } from '@jest/globals';
import { FaxApiClient } from '../../src/fax-api/client.ts';
import { ownWords } from '../../src/fax-api/own-words.ts';
import { Simulator } from '../../src/simulator/simulator.ts';

it.each([
  ['Unauthorized', 'unauthorized'],
  ['RATE  limit exceeded!', 'rate_limited'],
  ['resource not found', 'not_found'],
  ['Internal Server Error', 'fault'],
  ['Server error.', 'fault'],
])('%j is about the request', (message, kind) => {
  expect(ownWords(message)?.kind).toBe(kind);
});

it.each(['', 'Sent', 'Unauthorized user', 'Fax Failed: Resource not found'])('%j is about the fax', (message) => {
  expect(ownWords(message)).toBeUndefined();
});

it.each([{}, { status: 'failed' }, { status: 'success' }, { status: 401 }, { status: false }])(
  'whatever the status (%j)',
  async (status) => {
    const simulator = await Simulator.start();
    const client = new FaxApiClient({
      FAX_API_KEY: 'k',
      FAX_API_BASE_URL: simulator.url,
      FAX_API_METHOD: 'GET',
      FAX_API_TIMEOUT_MS: 5_000,
      WORKER_CONCURRENCY: 1,
    });
    simulator.override({ body: { ...status, message: 'Unauthorized' } });
    expect((await client.status('1')).kind).toBe('unauthorized');
    await client.close();
    await simulator.stop();
  },
);
