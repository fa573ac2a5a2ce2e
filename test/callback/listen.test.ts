import { once } from 'node:events';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, expect, it } from '@jest/globals';
import { listen } from '../../src/callback/listen.ts';
import { listeningLog } from '../support/log.ts';
import { freePort } from '../support/redis-server.ts';

const started: FastifyInstance[] = [];
afterEach(() => Promise.all(started.splice(0).map((server) => server.close())));

function serverOf(name: string): FastifyInstance {
  const server = Fastify();
  server.get('/', () => name);
  started.push(server);
  return server;
}

it('takes callbacks over from a worker of the same port once that has ended', async () => {
  const settings = { CALLBACK_HOST: '127.0.0.1', CALLBACK_PORT: await freePort() };
  const { log, lines } = listeningLog();
  const [first, second] = [serverOf('first'), serverOf('second')];
  using tries = new DisposableStack();
  tries.use(await listen(first, settings, log));
  tries.use(await listen(second, settings, log));
  expect(lines.map(({ msg }) => msg)).toEqual(['callbacks are taken', expect.stringMatching(/^port taken/)]);
  await first.close();
  await once(second.server, 'listening');
  expect(await (await fetch(`http://127.0.0.1:${settings.CALLBACK_PORT}/`)).text()).toBe('second');
});
