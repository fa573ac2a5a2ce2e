import { afterEach, expect, it } from '@jest/globals';
import { AlertDesk } from '../../src/alerts/alert-desk.ts';
import { keysOf } from '../../src/contract/keys.ts';
import { loadRules } from '../../src/fax-api/classification-rules.ts';
import type { HistoryAnswer } from '../../src/fax-api/history-answer.ts';
import { HistoryRecord } from '../../src/hints/history-record.ts';
import { Hints } from '../../src/hints/hints.ts';
import { Sweeper } from '../../src/hints/sweeper.ts';
import { shippedPrior } from '../../src/schedule/prior.ts';
import { SurvivalCurve } from '../../src/schedule/worth.ts';
import { loadSettings } from '../../src/settings/load.ts';
import { silentLog } from '../support/log.ts';
import { redisTime } from '../support/redis-time.ts';
import { useRedisClient } from '../support/use-redis-client.ts';

const redis = useRedisClient();
const keys = keysOf('fax:');
const REFUSED: HistoryAnswer = { kind: 'unusable', reason: 'the API answers 403 to it' };
const LIST: HistoryAnswer = { kind: 'list', entries: [{ faxId: '1', word: 'executed', createdAt: undefined }] };
let sweeper: Sweeper | undefined;
afterEach(() => sweeper?.stop());

/** Sweeps a list that gives these answers, then the last of them, until it was asked for so often, or was stopped. */
async function sweep(answers: readonly HistoryAnswer[], times: number): Promise<{ asked: number; alerts: number }> {
  const now = await redisTime(redis.client);
  for (let id = 1; id <= 20; id += 1) await redis.client.zadd(keys.inFlight, now - 60_000, String(id));
  const record = new HistoryRecord(redis.client, keys);
  const alerts = new AlertDesk(redis.client, keys, silentLog);
  let raised = 0;
  alerts.raise = () => {
    raised += 1;
    return Promise.resolve();
  };
  let asked = 0;
  await new Promise<void>((resolve) => {
    const observer = { hinted: () => undefined, swept: () => undefined };
    const hints = new Hints({ redis: redis.client, keys, record, observer, onWatched: () => undefined });
    sweeper = new Sweeper(
      {
        redis: redis.client,
        keys,
        limit: { take: () => Promise.resolve(0), holds: () => Promise.resolve(true), current: 100 },
        chooser: { curve: SurvivalCurve.of(shippedPrior()), unhintedWorthMs: 0, next: () => undefined },
        hints,
        record,
        alerts,
        rules: loadRules(null),
        ask: () => {
          asked += 1;
          if (asked === times) resolve();
          return Promise.resolve(answers[Math.min(asked, answers.length) - 1] ?? LIST);
        },
        observer,
        log: silentLog,
      },
      { ...loadSettings({}, false), POLL_MIN_INTERVAL_MS: 100 },
    );
    sweeper.start();
  });
  await sweeper?.stop();
  return { asked, alerts: raised };
}
const stopped = async (): Promise<boolean> => Number(await redis.client.hget(keys.history, 'stoppedUntil')) > 0;

it('a list that has proved right is still asked for after one refusal, which may be for the rate limit', async () => {
  await redis.client.hset(keys.history, 'trusted', 1);
  expect(await sweep([LIST, REFUSED, LIST, REFUSED, LIST], 6)).toEqual({ asked: 6, alerts: 0 });
  expect(await stopped()).toBe(false);
});

it('a list that has proved right is stopped by two refusals in a row, with one alert', async () => {
  await redis.client.hset(keys.history, 'trusted', 1);
  expect(await sweep([LIST, REFUSED, REFUSED], 3)).toEqual({ asked: 3, alerts: 1 });
  expect(await stopped()).toBe(true);
});

it('a list that has not proved right is stopped by its first refusal', async () => {
  expect(await sweep([REFUSED], 1)).toEqual({ asked: 1, alerts: 1 });
  expect(await stopped()).toBe(true);
});

it('faxes that callbacks found first are no fault of the list', async () => {
  const record = new HistoryRecord(redis.client, keys);
  const observer = { hinted: () => undefined };
  const hints = new Hints({ redis: redis.client, keys, record, observer, onWatched: () => undefined });
  const callback = { source: 'callback', pollsLeft: 3, word: '' } as const;
  await hints.onAnswer('1', callback, { verdict: { kind: 'sent' }, refusedAlone: false }, 0);
  await hints.onAnswer('2', callback, { verdict: { kind: 'pending' }, refusedAlone: false }, 0);
  await hints.onAnswer('3', { ...callback, source: 'history' }, { verdict: { kind: 'sent' }, refusedAlone: false }, 0);
  expect((await record.read()).byCallback).toBe(1);
});
