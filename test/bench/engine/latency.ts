import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Stage } from './stage.ts';

const GAP_MS = 5;

/**
 * Times from the API's answer to the subscriber's having the event, ms, one fax after the other; and as many of a bare
 * PUBLISH.
 */
export async function answerToEvent(faxes: number): Promise<{ event: number[]; publish: number[] }> {
  const stage = await Stage.start(0, 1);
  const answered = new Map<string, number>();
  const api = await apiThatNotes(answered);
  const event: number[] = [];
  let arrived: () => void = () => undefined;
  await stage.onEvent((message) => {
    const { subject } = JSON.parse(message) as { subject: string };
    event.push(performance.now() - (answered.get(subject) ?? NaN));
    arrived();
  });
  stage.work(undefined, { FAX_API_BASE_URL: `http://127.0.0.1:${(api.address() as AddressInfo).port}` });
  for (let id = 1; id <= faxes; id += 1) {
    const came = new Promise<void>((resolve) => (arrived = resolve));
    await stage.enqueue([id]);
    await came;
  }
  const publish: number[] = [];
  const listener = stage.redis.duplicate();
  await listener.subscribe('bare');
  const payload = JSON.stringify({ text: 'x'.repeat(500) }); // as large as an event
  for (let i = 0; i < faxes; i += 1) {
    const came = once(listener, 'message');
    const sentAt = performance.now();
    stage.redis.publish('bare', payload).catch(() => undefined);
    await came;
    publish.push(performance.now() - sentAt);
    await new Promise((resolve) => setTimeout(resolve, GAP_MS));
  }
  listener.disconnect();
  api.close();
  await stage.stop();
  return { event, publish };
}

async function apiThatNotes(answered: Map<string, number>): Promise<Server> {
  const api = createServer((request, response) => {
    response.end('{"status":"success","message":"Sent! Fax Has Been Answered.","user_cash_balance":100.2}');
    answered.set(request.url?.split('/')[2] ?? '', performance.now());
  }).listen(0, '127.0.0.1');
  await once(api, 'listening');
  return api;
}
