import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import type { BoardHooks } from '@bull-board/api/typings/app';
import { FastifyAdapter } from '@bull-board/fastify';
import type { Queue } from 'bullmq';
import type { FastifyInstance } from 'fastify';
import { messagePage } from '../overview/fax-page.ts';
import { sendPage } from '../overview/overview.ts';
import { faxIdOf } from '../redis/fax-of-job.ts';
import { isOfItsKeys } from '../redis/reply-error.ts';
import { jobTitle, type BoardJob } from './job-title.ts';
import { withNextRuns } from './next-run.ts';

const BOARD = '/queues';
// Bull Board's page asks Google for fonts, which the policy forbids, and which are none of Google's business.
const FOREIGN_FONTS = /<link href="https:\/\/fonts\.googleapis\.com\/[^>]*>/g;
const AWAY = 'Redis gives no answer: bring it back; check REDIS_URL. Nothing is lost.';
const PACE_IS_OURS = 'The pace is kept by the workers, who put another one right: set RATE_LIMIT_MAX instead.';
/** What would undo the pace. That of a queue paused, emptied or obliterated is put right by the workers. */
const OF_THE_PACE = [
  '/api/queues/:queueName/concurrency',
  '/api/queues/:queueName/rate-limit',
  '/api/queues/:queueName/rate-limit/release',
];

/** Bull Board's own adapter, but that its page does not offer a rate limit. */
class PacedQueueAdapter extends BullMQAdapter {
  override get supportsGlobalRateLimit(): boolean {
    return false;
  }

  // The list of queues asks each of them: one whose keys hold something else must not hide the others.

  override async getJobCounts(): ReturnType<BullMQAdapter['getJobCounts']> {
    const nothing = Object.fromEntries(this.getJobStatuses().map((status) => [status, 0])) as JobCounts;
    return readable(super.getJobCounts(), nothing);
  }

  override async isPaused(): Promise<boolean> {
    return readable(super.isPaused(), false);
  }

  override async getGlobalConcurrency(): ReturnType<BullMQAdapter['getGlobalConcurrency']> {
    return readable(super.getGlobalConcurrency(), null);
  }
}

type JobCounts = Awaited<ReturnType<BullMQAdapter['getJobCounts']>>;

async function readable<T>(read: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await read;
  } catch (error) {
    if (isOfItsKeys(error)) return otherwise;
    throw error;
  }
}

export type BoardParts = {
  /** The queues to show; another array whenever they change. */
  readonly queues: () => readonly Queue[];
  readonly redisUp: () => Promise<boolean>;
  readonly readOnly: boolean;
};

/** Bull Board, under `/queues`. */
export async function addBullBoard(app: FastifyInstance, { queues, redisUp, readOnly }: BoardParts): Promise<void> {
  const adapter = new FastifyAdapter();
  adapter.setBasePath(BOARD);
  const board = createBullBoard({
    queues: [],
    serverAdapter: adapter,
    options: { uiConfig: { boardTitle: 'Faxwatch' }, handlerHooks: HOOKS },
  });
  let shown: readonly Queue[] = [];
  await app.register(async (boardApp) => {
    boardApp.addHook('onRequest', async (request, reply) => {
      if (shown !== queues()) {
        shown = queues();
        board.replaceQueues(shown.map((queue) => boardQueue(queue, readOnly)));
      }
      // Bull Board waits for Redis as long as it takes, and its page for Bull Board.
      const isApi = request.url.startsWith(`${BOARD}/api/`);
      const isPage = request.headers.accept?.includes('text/html') === true;
      if ((!isApi && !isPage) || (await redisUp())) return undefined;
      return isApi ? reply.code(503).send({ error: AWAY }) : sendPage(reply, 503, messagePage('Redis is away', AWAY));
    });
    boardApp.addHook('onSend', async (_request, _reply, payload) =>
      typeof payload === 'string' ? payload.replace(FOREIGN_FONTS, '') : payload,
    );
    await boardApp.register(adapter.registerPlugin(), { prefix: BOARD });
  });
}

const HOOKS: BoardHooks = {
  before: ({ method, route }) =>
    method !== 'get' && OF_THE_PACE.includes(route)
      ? Promise.resolve({ allow: false, status: 403, message: PACE_IS_OURS })
      : undefined,
  after: (_context, answer) => ({ ...answer, body: withNextRuns(answer.body) as typeof answer.body }),
};

function boardQueue(queue: Queue, readOnlyMode: boolean): BullMQAdapter {
  // The delimiter groups the queues of accounts, `fax-status.<account>`.
  const adapter = new PacedQueueAdapter(queue, { readOnlyMode, delimiter: '.', externalJobUrl: faxLink });
  adapter.setFormatter('name', (job: BoardJob) => jobTitle(job));
  return adapter;
}

/** Where the board's job links to; a job that is for no fax, to the overview. */
function faxLink({ data }: BoardJob): { displayText: string; href: string } {
  const faxId = faxIdOf(data);
  return { displayText: 'Its fax', href: faxId === undefined ? '/' : `/fax/${faxId}` };
}
