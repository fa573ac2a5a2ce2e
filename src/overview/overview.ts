import { readFileSync } from 'node:fs';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { FaxId } from '../contract/fax-job.ts';
import { accountPage, accountsPage } from './accounts-page.ts';
import { faxPage, messagePage } from './fax-page.ts';
import { judge } from './judge.ts';
import { overviewPage } from './page.ts';
import { AccountReader, type OverviewAccount } from './reader.ts';
import type { AccountsView, AccountState, FaxView } from './state.ts';

export type { OverviewAccount } from './reader.ts';

/** Nothing from elsewhere, nothing inline, and no page around it. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

const SERVED = [
  { name: 'style.css', type: 'text/css; charset=utf-8' },
  { name: 'renew.js', type: 'text/javascript; charset=utf-8' },
  { name: 'icon.svg', type: 'image/svg+xml' },
] as const;

const AWAY = 'Redis gives no answer: bring it back; check REDIS_URL. Nothing is lost.';
const ID_WANTED = 'A fax job id is a positive whole number, or 1 to 64 of A-Z a-z 0-9 _ -';
const NO_ACCOUNT = 'No account of this name is served here.';
const UNKNOWN = 'No fax of this id is in flight, and no result of it is stored.';

/** What came of looking for a fax. */
type Found =
  | { readonly status: 200; readonly fax: FaxView }
  | { readonly status: 400 | 404 | 503; readonly title: string; readonly error: string };

/** The pages for people, and the same as JSON. They only read. */
export type Overview = { register(app: FastifyInstance): void };

export type OverviewParts = {
  /** The accounts with something in flight. */
  readonly awake: () => readonly OverviewAccount[];
  /** All accounts, those with something in flight first. */
  readonly all: () => readonly OverviewAccount[];
  /** Whether the service has accounts, with names. */
  readonly named: boolean;
  readonly redisUp: () => Promise<boolean>;
};

export function createOverview({ awake, all, named, redisUp }: OverviewParts): Overview {
  const made = new WeakMap<OverviewAccount, AccountReader>();
  const readerOf = (account: OverviewAccount): AccountReader => {
    const reader = made.get(account) ?? new AccountReader(account);
    made.set(account, reader);
    return reader;
  };
  const stateOf = async (account: OverviewAccount | undefined) => (account ? readerOf(account).state() : undefined);
  const readAccounts = async (): Promise<AccountsView> => {
    const shown = awake();
    const names = new Set(shown.map(({ name }) => name));
    const [up, ...states] = await Promise.all([redisUp(), ...shown.map(stateOf)]);
    return {
      awake: shown.map(({ name }, i) => ({ name: name ?? '', state: states[i] })),
      asleep: all().flatMap(({ name }) => (name === undefined || names.has(name) ? [] : [name])),
      redisUp: up,
    };
  };
  return {
    register(app) {
      for (const { name, type } of SERVED) addFile(app, name, type);
      app.get('/', async (_request, reply) => {
        if (named) {
          const view = await readAccounts();
          return sendPage(reply, statusOfAll(view), accountsPage(view));
        }
        const state = await stateOf(awake()[0]);
        return sendPage(reply, statusOf(state), overviewPage(state));
      });
      app.get('/api/overview', async (_request, reply) => {
        const view = named ? await readAccounts() : undefined;
        const [only] = awake();
        const shown = view?.awake ?? [{ name: only?.queue.name, state: await stateOf(only) }];
        const accounts = shown.map(({ name, state }) => ({
          name,
          ...judge(state, named ? name : undefined),
          state: state ?? null,
        }));
        const status = view ? statusOfAll(view) : statusOf(shown[0]?.state);
        const body = view ? { accounts, asleep: view.asleep } : { accounts };
        return reply.code(status).header('cache-control', 'no-store').send(body);
      });
      if (named) {
        app.get<{ Params: { name: string } }>('/account/:name', async ({ params: { name } }, reply) => {
          const account = all().find((each) => each.name === name);
          if (!account) return sendPage(reply, 404, messagePage('Not an account', NO_ACCOUNT));
          const state = await stateOf(account);
          return sendPage(reply, statusOf(state), accountPage({ name, state }));
        });
      }
      // Where the search form goes.
      app.get<{ Querystring: { id?: unknown } }>('/fax', ({ query }, reply) => {
        const id = typeof query.id === 'string' ? FaxId.safeParse(query.id.trim()) : undefined;
        if (id?.success) return reply.redirect(`/fax/${id.data}`, 303);
        return sendPage(reply, 400, messagePage('Not a fax job id', ID_WANTED));
      });
      app.get<{ Params: { id: string } }>('/fax/:id', async ({ params }, reply) => {
        const found = await find(all().map(readerOf), params.id);
        const text = found.status === 200 ? faxPage(found.fax) : messagePage(found.title, found.error);
        return sendPage(reply, found.status, text);
      });
      app.get<{ Params: { id: string } }>('/api/fax/:id', async ({ params }, reply) => {
        const found = await find(all().map(readerOf), params.id);
        const body = found.status === 200 ? found.fax : { error: found.error };
        return reply.code(found.status).header('cache-control', 'no-store').send(body);
      });
    },
  };
}

/** 503 if nothing can be shown. */
const statusOf = (state: AccountState | undefined): 200 | 503 => (state ? 200 : 503);
const statusOfAll = ({ awake, redisUp }: AccountsView): 200 | 503 =>
  redisUp && awake.every(({ state }) => state) ? 200 : 503;

async function find(readers: readonly AccountReader[], text: string): Promise<Found> {
  const id = FaxId.safeParse(text);
  if (!id.success) return { status: 400, title: 'Not a fax job id', error: ID_WANTED };
  try {
    for (const reader of readers) {
      const fax = await reader.fax(id.data);
      if (fax) return { status: 200, fax };
    }
  } catch {
    return { status: 503, title: 'Redis is away', error: AWAY };
  }
  return { status: 404, title: `Fax ${id.data} is not known`, error: UNKNOWN };
}

function sendPage(reply: FastifyReply, status: number, text: string): FastifyReply {
  return reply
    .code(status)
    .header('content-security-policy', CONTENT_SECURITY_POLICY)
    .header('cache-control', 'no-store')
    .type('text/html; charset=utf-8')
    .send(text);
}

function addFile(app: FastifyInstance, name: string, type: string): void {
  const content = readFileSync(new URL(`./served/${name}`, import.meta.url));
  app.get(`/overview/${name}`, (_request, reply) =>
    reply.header('cache-control', 'max-age=300').type(type).send(content),
  );
}
