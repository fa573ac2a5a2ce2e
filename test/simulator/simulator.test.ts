import { get } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { fateOf } from '../../src/simulator/fate.ts';
import { Simulator } from '../../src/simulator/simulator.ts';

let simulator: Simulator;

const start = async (options: Parameters<typeof Simulator.start>[0] = {}): Promise<void> => {
  simulator = await Simulator.start({ apiKey: 'k', keepLog: true, ...options });
};
const list = async (query = 'api_key=k'): Promise<Response> => fetch(`${simulator.url}/fax-history?${query}`);
const ids = async (answer: Response) =>
  ((await answer.json()) as { history: { id: unknown }[] }).history.map((e) => e.id);

describe('the list of faxes', () => {
  beforeEach(() => start({ historyPageCap: 3 }));
  afterEach(() => simulator.stop());

  it('has the faxes that were sent and those that were asked for, by GET and by POST', async () => {
    for (let id = 1; id <= 3; id += 1) simulator.send(id);
    await fetch(`${simulator.url}/fax/asked/status?api_key=k`);
    expect(await ids(await list('api_key=k&limit=2&page=1'))).toEqual(['asked', 3]);
    const body = new URLSearchParams({ api_key: 'k', limit: '2', page: '2' });
    expect(await ids(await fetch(`${simulator.url}/fax-history`, { method: 'POST', body }))).toEqual([2, 1]);
    expect(await ids(await list('api_key=k&limit=1000'))).toEqual(['asked', 3, 2]);
  });

  it('has a fax that is sent again on top', async () => {
    for (const id of [1, 2, 1]) simulator.send(id);
    expect(await ids(await list())).toEqual([1, 2]);
  });

  it('is counted and logged beside the requests of statuses', async () => {
    await list('api_key=k&limit=2');
    await fetch(`${simulator.url}/fax/1/status?api_key=k`);
    expect([simulator.requests, simulator.listRequests]).toEqual([2, 1]);
    expect(simulator.log).toEqual([
      expect.objectContaining({ faxId: '', page: { page: 1, limit: 2 }, code: 200 }),
      expect.not.objectContaining({ page: expect.anything() }),
    ]);
  });

  it('shares the key, the faults and the limit with the statuses', async () => {
    expect((await list('api_key=wrong')).status).toBe(401);
    simulator.override({ code: 429 });
    expect((await list()).status).toBe(429);
    simulator.override(undefined);
    simulator.limit({ kind: 'sliding-window', max: 2, windowMs: 60_000 });
    simulator.history('missing');
    expect((await list()).status).toBe(404);
    expect((await fetch(`${simulator.url}/fax/1/status?api_key=k`)).status).toBe(200);
    expect((await list()).status).toBe(403);
    expect(simulator.refusals).toBe(1);
  });

  it('can go wrong and be right again', async () => {
    simulator.history('html');
    const answer = await list();
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/html']);
    simulator.history('ok');
    expect(await ids(await list())).toEqual([]);
  });

  it('leaves no timer behind when the client does not wait for a slow one', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const before = timers();
    simulator.history('slow');
    const request = get(`${simulator.url}/fax-history?api_key=k`).on('error', () => undefined);
    while (simulator.log.length === 0) await new Promise((resolve) => setImmediate(resolve));
    request.destroy();
    await simulator.stop();
    while (timers() > before) await new Promise((resolve) => setImmediate(resolve)); // until Jest's time-out
    await start();
  });
});

describe('the control', () => {
  beforeEach(() => start());
  afterEach(() => simulator.stop());

  const put = async (id: string, body?: string): Promise<number> =>
    (await fetch(new URL(`/_simulator/faxes/${id}`, simulator.url), { method: 'PUT', ...(body && { body }) })).status;

  it('sends a fax with a fate, or with that of its id; a fate that is none is refused', async () => {
    expect(await put('1', JSON.stringify(fateOf('busy', 0)))).toBe(204);
    expect(await put('pending-2')).toBe(204);
    for (const none of ['{', '{}', '{"then":[{"afterMs":0,"answer":null}]}']) expect(await put('3', none)).toBe(400);
    const { history } = (await (await list()).json()) as { history: object[] };
    expect(history).toEqual([
      expect.objectContaining({ id: 'pending-2', status: 'executed' }),
      expect.objectContaining({ id: 1, status: 'failed' }),
    ]);
  });
});

it.each([0, 1.5, NaN])('a page of at most %p entries is out of range', async (historyPageCap) => {
  await expect(Simulator.start({ historyPageCap })).rejects.toThrow(RangeError);
});
