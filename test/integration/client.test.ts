import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  EventsTrimmedError,
  FaxStatusClient,
  PayloadError,
  WaitTimeoutError,
  type AlertEvent,
  type FaxCompletedEvent,
} from '../../src/index.ts';
import { fateOf } from '../../src/simulator/fate.ts';
import { Harness } from '../support/harness.ts';
import { useRedis } from '../support/use-redis.ts';

// What other services do with the client, against the running service.

const redis = useRedis();
let harness: Harness;
let client: FaxStatusClient;
beforeEach(async () => {
  harness = await Harness.start({ redisUrl: redis.url });
  const { QUEUE_NAME: queueName, KEY_PREFIX: keyPrefix } = harness.settings;
  client = new FaxStatusClient({ redis: redis.url, queueName, keyPrefix });
});
afterEach(async () => {
  await client.close();
  await harness.stop();
});

describe('track', () => {
  it('has a fax watched, with metadata, and once while it is in flight', async () => {
    harness.simulator.send(1, fateOf('sent', 300));
    await client.track(1, { metadata: { invoice: 'A-17' } });
    await client.track('1');
    expect((await harness.event(1)).data).toMatchObject({ state: 'sent', metadata: { invoice: 'A-17' } });
    expect(await harness.queue.getJobCountByTypes('completed', 'active', 'delayed', 'wait')).toBe(1);
  });

  it('refuses what no fax job may be, before Redis is asked', async () => {
    for (const call of [
      () => client.track('a b'),
      () => client.track(1, { deadlineMs: -1 }),
      () => client.status('a b'),
      () => client.wait('a b'),
      () => client.cancel('a b'),
    ]) {
      await expect(call()).rejects.toThrow(PayloadError);
    }
    expect(await harness.queue.getJobCountByTypes('wait', 'delayed', 'failed')).toBe(0);
  });
});

describe('trackMany', () => {
  it('reads a source no faster than it is taken: its ids are never in memory together', async () => {
    await harness.close();
    let [read, ahead] = [0, 0];
    async function* ids(): AsyncGenerator<number> {
      for (let id = 1; id <= 20_000; id += 1) {
        read += 1;
        if (id % 1_000 === 500) ahead = Math.max(ahead, read - (await harness.queue.getWaitingCount()));
        yield id;
      }
    }
    expect(await client.trackMany(ids())).toBe(20_000);
    expect(await harness.queue.getWaitingCount()).toBe(20_000);
    expect(ahead).toBeLessThanOrEqual(1_000);
    await harness.queue.obliterate({ force: true });
  }, 60_000);

  it('goes on after a fax that it refuses when somebody is told, and ends there when nobody is', async () => {
    await harness.close();
    const refused: unknown[] = [];
    const faxes = [1, 'a b', { faxJobId: 2, metadata: { a: 1 } }, { faxJobId: 3, deadlineMs: 0 }, '4'];
    expect(
      await client.trackMany(faxes, {
        onRefused: (error, index, fax) => refused.push([error.message.split(':')[0], index, fax]),
      }),
    ).toBe(3);
    expect(refused).toEqual([
      ['data.faxJobId', 1, 'a b'],
      ['data.deadlineMs', 3, { faxJobId: 3, deadlineMs: 0 }],
    ]);
    await expect(client.trackMany([5, 'a b', 6])).rejects.toThrow(PayloadError);
    expect(
      (await harness.queue.getWaiting()).map(({ data }) => (data as { faxJobId: unknown }).faxJobId).sort(),
    ).toEqual([1, 2, '4', 5].sort());
  });
});

describe('status', () => {
  it('tells of a fax not known, in flight and done', async () => {
    expect(await client.status(1)).toEqual({ kind: 'unknown' });
    harness.simulator.send(1, {
      first: [{ body: { status: 'executed', message: 'Dialing' } }],
      then: [...fateOf('busy', 60_000).then],
    });
    await client.track(1);
    const status = await harness.untilAsync(async () => {
      const found = await client.status(1);
      return found.kind === 'in_flight' && found.polls > 0 && found.nextPollAt !== null ? found : undefined;
    });
    expect(status).toMatchObject({ kind: 'in_flight', apiStatus: 'executed', lastMessage: expect.any(String) });
    harness.simulator.send(1, fateOf('busy', 0));
    const event = await harness.event(1);
    expect(await client.status('1')).toEqual({ kind: 'done', result: event.data });
  });

  it('shows no next poll in the past while the brake holds all polls back', async () => {
    await harness.close();
    const heldUntil = Date.now() + 60_000;
    const brake = `${harness.settings.KEY_PREFIX}brake`;
    await harness.redis.hset(brake, { reason: 'unauthorized', heldUntil, probeUntil: 0 });
    await client.track(1);
    const [job] = await harness.queue.getWaiting();
    await job?.updateProgress({ polls: 1, nextPollAt: '2020-01-01T00:00:00.000Z' });
    expect(await client.status(1)).toMatchObject({ polls: 1, nextPollAt: new Date(heldUntil).toISOString() });
    await harness.redis.del(brake);
    expect(await client.status(1)).toMatchObject({ polls: 1, nextPollAt: null });
  });
});

describe('wait', () => {
  it('resolves with the result: of a fax that finishes later, that is final already, that somebody else has watched', async () => {
    harness.simulator.send(1, fateOf('sent', 300));
    harness.simulator.send(2, fateOf('hangup', 300));
    const waiting = [client.wait(1), client.wait(1, { timeoutMs: 20_000 }), client.wait('2')];
    await client.track(1);
    await harness.enqueue(2);
    const [one, again, two] = await Promise.all(waiting);
    expect([one?.state, again, two?.reason]).toEqual(['sent', one, 'hangup']);
    expect(await client.wait(1)).toEqual(one);
  });

  it('loses no wake-up: a fax that finishes at any moment of the call is found', async () => {
    for (let id = 1; id <= 40; id += 1) {
      harness.simulator.send(id, fateOf('sent', id * 2));
      await client.track(id);
    }
    const started = performance.now();
    await Promise.all(Array.from({ length: 40 }, (_, i) => client.wait(i + 1)));
    // less than the time after which it would look again anyway
    expect(performance.now() - started).toBeLessThan(4_500);
  });

  it('ends with a time-out, a signal, or the client, and the fax is still watched', async () => {
    harness.simulator.send(1, fateOf('sent', 1_500));
    await client.track(1);
    await expect(client.wait(1, { timeoutMs: 50 })).rejects.toThrow(WaitTimeoutError);
    await expect(client.wait(1, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
    const other = new FaxStatusClient({
      redis: redis.url,
      queueName: harness.settings.QUEUE_NAME,
      keyPrefix: harness.settings.KEY_PREFIX,
    });
    const waiting = expect(other.wait(1)).rejects.toThrow(/closed/);
    await other.close();
    await waiting;
    expect((await client.wait(1)).state).toBe('sent');
  });

  it('a time-out says what is true of a fax that nobody tracks, too', async () => {
    const late = expect(client.wait(1, { timeoutMs: 50 })).rejects;
    await late.toThrow(/^fax 1 had no result within 50 ms: if it is tracked it still is, .*; if not, track it first$/);
  });
});

it('events: catches up from the stream, then follows live, each event once and in order, until the signal', async () => {
  const received: FaxCompletedEvent[] = [];
  for (let id = 1; id <= 3; id += 1) harness.simulator.send(id, fateOf('sent', 0));
  await client.trackMany([1, 2, 3]);
  await harness.event(3);
  const stop = new AbortController();
  for await (const event of client.events({ since: '0', signal: stop.signal })) {
    received.push(event);
    if (received.length === 3) {
      for (let id = 4; id <= 6; id += 1) harness.simulator.send(id, fateOf('sent', 0));
      await client.trackMany([4, 5, 6, 1]); // 1 is published again: its event came already
    }
    if (received.length === 6) stop.abort();
  }
  const stream = await harness.redis.xrange(`${harness.settings.KEY_PREFIX}events`, '-', '+');
  expect(received).toEqual(stream.map(([, fields]) => JSON.parse(fields[1] ?? '') as FaxCompletedEvent));
});

describe('events of a stream that was trimmed', () => {
  const add = async (...ids: number[]): Promise<void> => {
    const stream = `${harness.settings.KEY_PREFIX}events`;
    for (const id of ids) await harness.redis.xadd(stream, `${id}-0`, 'event', JSON.stringify({ id: `fax-${id}` }));
  };
  const trim = async (left: number): Promise<unknown> => {
    return harness.redis.xtrim(`${harness.settings.KEY_PREFIX}events`, 'MAXLEN', left);
  };
  const first = async (since: string): Promise<string | undefined> => {
    for await (const { id } of client.events({ since })) return id;
    return undefined;
  };

  it('past the place to go on from: an error that names the oldest entry left; none is missing: no error', async () => {
    await add(11, 12, 13, 14, 15);
    expect(await first('5')).toBe('fax-11'); // before the stream's first, but nothing was trimmed
    await trim(3);
    for (const since of ['11-0', '5', '5-7']) {
      const error = await first(since).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(EventsTrimmedError);
      const message = expect.stringContaining('13-0');
      expect(error).toMatchObject({ code: 'ERR_EVENTS_TRIMMED', oldestId: '13-0', message });
    }
    for (const since of ['0', '0-0', '00']) expect(await first(since)).toBe('fax-13');
    expect([await first('13-0'), await first('13-5'), await first('fax-13')]).toEqual(['fax-14', 'fax-14', 'fax-14']);
    await trim(0);
    await expect(first('14-0')).rejects.toMatchObject({ code: 'ERR_EVENTS_TRIMMED', oldestId: undefined });
  });

  it('past a reader that is slow: an error after what it had at hand', async () => {
    await add(...Array.from({ length: 600 }, (_, i) => i + 1));
    const received: string[] = [];
    const reading = (async () => {
      for await (const { id } of client.events({ since: '0' })) {
        received.push(id);
        if (received.length === 10) await trim(50);
      }
    })();
    await expect(reading).rejects.toMatchObject({ code: 'ERR_EVENTS_TRIMMED', oldestId: '551-0' });
    expect(received.at(-1)).toBe(`fax-${received.length}`);
    expect(received.length).toBeLessThan(551);
  });
});

it('alerts: as they come, until the client is closed', async () => {
  const alerts: AlertEvent['type'][] = [];
  const following = (async () => {
    for await (const { type } of client.alerts()) alerts.push(type);
  })();
  await harness.untilAsync(async () =>
    ((await harness.redis.pubsub('NUMSUB', `${harness.settings.KEY_PREFIX}alerts`))[1] as number) > 1
      ? true
      : undefined,
  );
  harness.simulator.accept('another');
  await client.track(1);
  await harness.alert('fax.alert.unauthorized');
  await client.close();
  await following;
  expect(alerts).toEqual(['fax.alert.unauthorized']);
});

describe('cancel', () => {
  it('stops watching: no more polls, no result, nothing left, and the fax can be tracked again at once', async () => {
    harness.simulator.send(1, fateOf('pending', 0));
    await client.track(1);
    await harness.untilAsync(async () =>
      (await client.status(1)).kind === 'in_flight' && harness.requestsFor(1) > 1 ? true : undefined,
    );
    expect(await client.cancel(1)).toBe(true);
    const polls = harness.requestsFor(1);
    expect(await client.status(1)).toEqual({ kind: 'unknown' });
    expect(await client.cancel(1)).toBe(false);
    const own = await harness.redis.keys(`${harness.settings.KEY_PREFIX}*`);
    expect(own.filter((key) => /lease|status/.test(key))).toEqual([]);
    expect(await harness.redis.zcard(`${harness.settings.KEY_PREFIX}inflight`)).toBe(0);
    harness.simulator.send(2, fateOf('sent', 400)); // longer than two intervals of the first would be
    await client.track(2);
    await client.wait(2);
    expect(harness.requestsFor(1)).toBe(polls);
    harness.simulator.send(1, fateOf('sent', 0));
    await client.track(1);
    expect((await client.wait(1)).state).toBe('sent');
  });

  it('knows a fax by the data of its job: other jobs under ids that look like it are left alone', async () => {
    await harness.close();
    const { KEY_PREFIX } = harness.settings;
    const other = await harness.queue.add('poll', { faxJobId: 5 }, { jobId: 'fax-999' }); // a producer's own id
    const reused = await harness.queue.add('poll', { faxJobId: 6 }); // of a queue whose ids have started again
    await harness.redis.set(`${KEY_PREFIX}lease:7`, reused.id ?? '');
    for (const fax of [999, 7]) {
      expect([await client.status(fax), await client.cancel(fax)]).toEqual([{ kind: 'unknown' }, false]);
    }
    expect((await harness.queue.getWaiting()).map(({ id }) => id).sort()).toEqual([other.id, reused.id].sort());
    await client.track('7'); // the lease points at a job of another fax: the next pointer is tried
    expect(await client.status(7)).toMatchObject({ kind: 'in_flight' });
    expect(await client.cancel(7)).toBe(true);
    expect((await harness.queue.getWaiting()).map(({ id }) => id).sort()).toEqual([other.id, reused.id].sort());
    expect(await client.cancel(5)).toBe(false); // nothing that points at its job: it is not known
  });

  it('waits for a poll that is under way, and leaves a result that it brought', async () => {
    harness.simulator.send(1, {
      then: [{ afterMs: 0, answer: { ...(fateOf('sent', 0).then[0]?.answer ?? {}), delayMs: 300 } }],
    });
    await client.track(1);
    await harness.until(() => (harness.requestsFor(1) === 1 ? true : undefined));
    expect(await client.cancel(1)).toBe(false);
    expect((await client.wait(1)).state).toBe('sent');
  });
});
