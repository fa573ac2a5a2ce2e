import { readFileSync } from 'node:fs';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { FaxId } from '../contract/fax-job.ts';
import { accountPage, accountsPage } from './accounts-page.ts';
import { choicePage, faxPage, messagePage } from './fax-page.ts';
import { findFax, ID_WANTED, type Found } from './find-fax.ts';
import { judgeAccounts } from './judge-accounts.ts';
import { judge, type Judgement } from './judge.ts';
import { overviewPage } from './page.ts';
import { AccountReader, type OverviewAccount } from './reader.ts';
import type { AccountsView, AccountState } from './state.ts';

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

/** A fax, and the account that is meant, where several have one of that id. */
type FaxRoute = { Params: { id: string }; Querystring: { account?: unknown } };

const NO_PAGE = 'There is no such page here. Search for a fax above, or go to the overview.';
const NO_ACCOUNT = 'No account of this name is served here.';

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
  const look = async ({ params: { id }, query: { account } }: FastifyRequest<FaxRoute>): Promise<Found> => {
    const asked = all().filter(({ name }) => account === undefined || name === account);
    return findFax(
      asked.map((each) => ({ account: each.name, reader: readerOf(each) })),
      id,
    );
  };
  return {
    register(app) {
      app.setNotFoundHandler(async (request, reply) => {
        if (!request.headers.accept?.includes('text/html')) return reply.code(404).send({ error: 'no such page' });
        return sendPage(reply, 404, messagePage('Not found', NO_PAGE));
      });
      for (const { name, type } of SERVED) addFile(app, name, type);
      app.get('/', async (_request, reply) => {
        if (named) {
          const view = await readAccounts();
          return sendPage(reply, statusOfAll(view), accountsPage(view));
        }
        const [state, up] = await Promise.all([stateOf(awake()[0]), redisUp()]);
        return sendPage(reply, statusOf(state), overviewPage(state, up));
      });
      app.get('/api/overview', async (_request, reply) => {
        reply.header('cache-control', 'no-store');
        if (named) {
          const view = await readAccounts();
          return reply.code(statusOfAll(view)).send(bodyOfAll(view));
        }
        const [only] = awake();
        const [state, up] = await Promise.all([stateOf(only), redisUp()]);
        const account = bodyOfAccount(only?.queue.name, judge(state, undefined, up), state);
        return reply.code(statusOf(state)).send({ accounts: [account] });
      });
      if (named) {
        app.get<{ Params: { name: string } }>('/account/:name', async ({ params: { name } }, reply) => {
          const account = all().find((each) => each.name === name);
          if (!account) return sendPage(reply, 404, messagePage('Not an account', NO_ACCOUNT));
          const [state, up] = await Promise.all([stateOf(account), redisUp()]);
          return sendPage(reply, statusOf(state), accountPage({ name, state }, up));
        });
      }
      // Where the search form goes.
      app.get<{ Querystring: { id?: unknown } }>('/fax', ({ query }, reply) => {
        const id = typeof query.id === 'string' ? FaxId.safeParse(query.id.trim()) : undefined;
        if (id?.success) return reply.redirect(`/fax/${id.data}`, 303);
        return sendPage(reply, 400, messagePage('Not a fax job id', ID_WANTED));
      });
      app.get<FaxRoute>('/fax/:id', async (request, reply) => {
        const found = await look(request);
        return sendPage(reply, found.status, pageOf(found));
      });
      app.get<FaxRoute>('/api/fax/:id', async (request, reply) => {
        const found = await look(request);
        return reply.code(found.status).header('cache-control', 'no-store').send(bodyOf(found));
      });
    },
  };
}

/** 503 if nothing can be shown. */
const statusOf = (state: AccountState | undefined): 200 | 503 => (state ? 200 : 503);
const statusOfAll = ({ awake, redisUp }: AccountsView): 200 | 503 =>
  redisUp && (awake.length === 0 || awake.some(({ state }) => state)) ? 200 : 503;

function pageOf(found: Found): string {
  switch (found.status) {
    case 200:
      return faxPage(found.fax, found.account);
    case 300:
      return choicePage(found.faxId, found.accounts);
    default:
      return messagePage(found.title, found.error);
  }
}

function bodyOfAll(view: AccountsView): object {
  const { accounts, ...together } = judgeAccounts(view);
  const each = accounts.map(({ view: { name, state }, judgement }) => bodyOfAccount(name, judgement, state));
  return { ...together, accounts: each, asleep: view.asleep };
}

const bodyOfAccount = (name: string | undefined, judgement: Judgement, state: AccountState | undefined): object => ({
  name,
  ...judgement,
  state: state ?? null,
});

function bodyOf(found: Found): object {
  switch (found.status) {
    case 200:
      return found.account === undefined ? found.fax : { account: found.account, ...found.fax };
    case 300:
      return { error: 'several accounts have a fax of this id: add ?account=NAME', accounts: found.accounts };
    default:
      return { error: found.error };
  }
}

/** Sends a page of this service, under its policy. */
export function sendPage(reply: FastifyReply, status: number, text: string): FastifyReply {
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
