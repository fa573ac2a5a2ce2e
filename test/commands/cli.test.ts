import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from '@jest/globals';
import { fateOf } from '../../src/simulator/fate.ts';
import { Harness } from '../support/harness.ts';
import { freePort } from '../support/redis-server.ts';
import { useRedis } from '../support/use-redis.ts';
import { runOnTerminal } from '../support/terminal.ts';
import { CliProcess, run } from '../support/worker-process.ts';

// Contract §6: the faxwatch command.

const redis = useRedis();
let harness: Harness;

describe('without Redis', () => {
  it('--help names every command', async () => {
    const { code, output } = await run(['--help']);
    expect(code).toBe(0);
    for (const command of [
      'start',
      'worker',
      'dashboard',
      'track',
      'status',
      'cancel',
      'watch',
      'export-durations',
      'sizing',
      'accounts',
      'demo',
      'simulate',
    ])
      expect(output).toMatch(new RegExp(`^  ${command} `, 'm'));
  });

  it.each([
    ...['start', 'worker', 'dashboard', 'track', 'status', 'cancel', 'watch', 'export-durations', 'accounts'],
    ...['demo', 'simulate'],
  ])('%s --help has exit codes and examples, within 80 columns', async (command) => {
    const { code, output } = await run([command, '--help']);
    expect(code).toBe(0);
    expect(output).toMatch(/^Exit codes:\n {2}0 /m);
    expect(output).toMatch(new RegExp(`^Examples:\\n.*faxwatch ${command}`, 'm'));
    expect(output.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  it.each(['start', 'worker'])('%s with wrong settings: exit 78, a line for each, no value', async (command) => {
    const { code, output } = await run([command], {
      FAX_API_KEY: 'two words',
      RATE_LIMIT_MAX: 'many',
      REDIS_URL: 'nowhere',
    });
    expect(code).toBe(78);
    expect(output.split('\n')).toEqual([
      expect.stringMatching(/^FAX_API_KEY: /),
      expect.stringMatching(/^RATE_LIMIT_MAX: /),
      expect.stringMatching(/^REDIS_URL: /),
    ]);
    expect(output).not.toMatch(/two words|many|nowhere/);
  });

  it('start without a key: exit 78; with a wrong classification file too', async () => {
    expect(await run(['start'])).toEqual({ code: 78, output: expect.stringMatching(/^FAX_API_KEY: required/) });
    const file = await run(['worker'], { FAX_API_KEY: 'k', CLASSIFICATION_FILE: '/nowhere.json' });
    expect(file).toEqual({ code: 78, output: expect.stringMatching(/^CLASSIFICATION_FILE: /) });
  });

  it.each(['start', 'worker'])('%s with a misspelt FAX_API_KEY: exit 78, and a line that says so', async (command) => {
    const { code, output } = await run([command], { FAX_API_KYE: 'hush' });
    expect([code, output.split('\n')]).toEqual([
      78,
      [expect.stringMatching(/^FAX_API_KEY: required/), 'FAX_API_KYE: no such setting; did you mean FAX_API_KEY?'],
    ]);
  });

  it('start says all that is wrong at once, a classification file included', async () => {
    const wrong = { RATE_LIMIT_MAX: 'many', CLASSIFICATION_FILE: '/nowhere.json', REDIS_SENTINELS: 'a:1' };
    const { code, output } = await run(['start'], wrong);
    expect(code).toBe(78);
    expect(output.split('\n').map((line) => line.split(':')[0])).toEqual([
      'RATE_LIMIT_MAX',
      'FAX_API_KEY',
      'REDIS_SENTINEL_NAME',
      'CLASSIFICATION_FILE',
    ]);
  });

  it('a misspelt setting and a NODE_ENV without a file are warnings in the log, once each and without a value', async () => {
    const env = { REDIS_URL: redis.url, DASHBOARD_PORT: '0', RATE_LIMT_MAX: 'hush', NODE_ENV: 'quiet' };
    const dashboard = new CliProcess(['dashboard'], env);
    await dashboard.line(/NODE_ENV/);
    expect(await dashboard.exit('SIGTERM')).toBe(0);
    expect(dashboard.lines.filter((line) => /RATE_LIM/.test(line))).toEqual([
      expect.stringMatching(/"level":"warn".*RATE_LIMT_MAX: .*did you mean RATE_LIMIT_MAX\?/),
    ]);
    expect(dashboard.lines.filter((line) => /NODE_ENV/.test(line))).toEqual([expect.stringMatching(/"level":"warn"/)]);
    expect(dashboard.output).not.toMatch(/hush|quiet/);
  });

  it('an unknown command or option, a bad id, no ids: a plain line and an exit code other than 0', async () => {
    for (const args of [
      ['fax'],
      ['status'],
      ['status', '1', '--colour'],
      ['track'],
      ['status', 'a b'],
      ['simulate', '--rate-kind', 'odd'],
      ['simulate', '--history', 'odd'],
      ['simulate', '--port', '65536'],
      ['simulate', '--history-page-cap', '0'],
      ['simulate', '--callback-url', 'http://127.0.0.1/', '--callback-loss', '1.1'],
      ['track', '--file', '/nowhere.txt', '--wait'],
    ]) {
      const { code, output } = await run(args, { REDIS_URL: redis.url });
      const wanted = args.includes('a b') ? 65 : args[0] === 'track' ? expect.anything() : 64;
      expect([args, code]).toEqual([args, wanted]);
      expect(code).not.toBe(0);
      expect(output).not.toMatch(/^ +at /m);
    }
  });

  it('track of a file without ids is a mistake', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'faxwatch-cli-')), 'empty.csv');
    writeFileSync(file, 'faxJobId,invoice\n');
    const { code, output } = await run(['track', '--file', file, '--wait'], { REDIS_URL: redis.url });
    expect([code, output]).toEqual([65, `no ids: none in ${file}`]);
  });

  it('ends when nobody reads its output any more', async () => {
    harness = await Harness.start({ redisUrl: redis.url, run: false });
    const watching = new CliProcess(['watch', '--since', '0', '--json'], harness.env);
    watching.child.stdout?.destroy();
    const ended = once(watching.child, 'exit');
    const event = JSON.stringify({ id: 'fax-1', subject: '1', data: { faxJobId: 1, state: 'sent' } });
    const adding = setInterval(
      () => void harness.redis.xadd(`${harness.settings.KEY_PREFIX}events`, '*', 'event', event),
      50,
    );
    expect(await ended).toEqual([141, null]);
    clearInterval(adding);
  });

  it('status shows what the API said without what would steer a terminal', async () => {
    harness = await Harness.start({ redisUrl: redis.url });
    harness.simulator.send(1, {
      then: [{ afterMs: 0, answer: { body: { status: 'executed', message: 'Sending\u001b[2J\r\nnow' } } }],
    });
    const jobId = await harness.enqueue(1);
    await harness.job(jobId, 'delayed');
    await harness.until(() => (harness.requestsFor(1) > 0 ? true : undefined));
    const { output } = await run(['status', '1'], harness.env);
    expect(output).toMatch(/last "Sending \[2J now"/);
  });

  it('says so when Redis does not answer', async () => {
    const address = `127.0.0.1:${await freePort()}`;
    const commands = [['status', '1'], ['track', '1'], ['watch'], ['accounts'], ['export-durations']];
    for (const { code, output } of await Promise.all(
      commands.map(async (args) => run(args, { REDIS_URL: `redis://${address}` })),
    )) {
      expect([code, output]).toEqual([69, expect.stringMatching(/nothing accepts connections there .*REDIS_URL/)]);
      expect(output).toContain(`Redis at ${address} `);
    }
  });

  it('simulate serves the documented endpoint, with scripted fates and a limit', async () => {
    const simulator = new CliProcess(
      ['simulate', '--port', '0', '--latency', '0', '--api-key', 'k', '--rate-limit', '2', '--retry-after'],
      {},
    );
    const url = (await simulator.line(/FAX_API_BASE_URL/)).split('=')[1] ?? '';
    const control = new URL('/_simulator/faxes/7', url);
    const fate = {
      then: [{ afterMs: 0, answer: { body: { status: 'success', message: 'Sent!', user_cash_balance: 1 } } }],
    };
    expect((await fetch(control, { method: 'PUT', body: JSON.stringify(fate) })).status).toBe(204);
    expect((await fetch(`${url}/fax/7/status?api_key=x`)).status).toBe(401);
    expect(await (await fetch(`${url}/fax/7/status?api_key=k`)).json()).toEqual({
      status: 'success',
      message: 'Sent!',
      user_cash_balance: 1,
    });
    expect(
      await (
        await fetch(`${url}/fax/busy-1/status`, { method: 'POST', body: new URLSearchParams({ api_key: 'k' }) })
      ).json(),
    ).toMatchObject({ status: 'executed' });
    const refused = await fetch(`${url}/fax/7/status?api_key=k`);
    expect([refused.status, Number(refused.headers.get('retry-after')) > 0]).toEqual([403, true]);
    expect(await (await fetch(new URL('/_simulator/stats', url))).json()).toEqual({
      requests: 4,
      listRequests: 0,
      refusals: 1,
      faxes: 2,
      callbacksSent: 0,
      callbacksAcknowledged: 0,
    });
    expect(await simulator.exit('SIGINT')).toBe(0);
  });

  it('simulate lists faxes and calls back, as its options say; the URL stays out of what it prints', async () => {
    const received: string[] = [];
    const { promise: allReceived, resolve } = Promise.withResolvers<unknown>();
    const receiver = createServer((request, response) => {
      void text(request).then((form) => {
        response.end();
        if (received.push(form) === 4) resolve(undefined);
      });
    }).listen(0, '127.0.0.1');
    await once(receiver, 'listening');
    const callbackUrl = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/callback/s3cret`;
    const options = ['--finish', '0', '--history', 'words', '--history-page-cap', '1', '--callback-url', callbackUrl];
    const simulator = new CliProcess(
      ['simulate', '--port', '0', '--latency', '0', '--callback-doubles', '1', ...options],
      {},
    );
    const url = (await simulator.line(/FAX_API_BASE_URL/)).split('=')[1] ?? '';
    for (const id of ['busy-1', '2'])
      expect((await fetch(new URL(`/_simulator/faxes/${id}`, url), { method: 'PUT' })).status).toBe(204);
    const { history } = (await (await fetch(`${url}/fax-history?limit=5`)).json()) as { history: object[] };
    expect(history).toEqual([expect.objectContaining({ id: 2, status: 'Delivered' })]);
    await allReceived;
    expect(received.filter((form) => form.startsWith('fax_job_id=busy-1&status=failed&msg_code=busy&'))).toHaveLength(
      2,
    );
    expect(await simulator.exit('SIGINT')).toBe(0);
    expect(simulator.output).not.toContain('s3cret');
    receiver.close();
  });

  it('simulate takes no other callback URL than http or https, and does not print it', async () => {
    const { code, output } = await run(['simulate', '--callback-url', 'ftp://example.com/s3cret']);
    expect([code, output]).toEqual([64, expect.stringMatching(/^--callback-url: must be http/)]);
    expect(output).not.toContain('s3cret');
  });
});

describe('with the service running', () => {
  afterEach(() => harness.stop());

  it('track takes arguments and a file, names bad lines and goes on; --wait ends with the outcomes', async () => {
    harness = await Harness.start({ redisUrl: redis.url });
    for (const [id, name] of [
      [1, 'sent'],
      [2, 'busy'],
      ['a-3', 'sent'],
    ] as const)
      harness.simulator.send(id, fateOf(name, 300));
    const file = join(mkdtempSync(join(tmpdir(), 'faxwatch-ids-')), 'ids.txt');
    writeFileSync(file, '# today\n2\n\nnot an id\na-3\n');
    const mixed = await run(['track', '1', '--file', file, '--wait'], harness.env);
    expect(mixed.code).toBe(1);
    expect(mixed.output).toMatch(/^line 4: id "not an id": must be/m);
    expect(mixed.output).toMatch(/^3 tracked, 1 refused$/m);
    expect(mixed.output).toMatch(/│ failed +│ busy +│ 1 +│/);
    expect(mixed.output).toMatch(/│ sent +│ ok +│ 2 +│/);
    expect((await run(['track', '--wait', '1'], harness.env)).code).toBe(0);
    expect((await run(['track', '--file', '-'], harness.env, '1\na-3\n')).output).toBe('2 tracked');
    expect((await run(['track'], harness.env, 'invoice,faxJobId\nA,1\nB,a-3\n')).output).toBe('2 tracked');
  });

  it('track takes metadata and deadlines by option and by column; a wrong value refuses its line alone', async () => {
    harness = await Harness.start({ redisUrl: redis.url });
    harness.simulator.send(1, fateOf('sent', 0));
    for (const id of [2, 3]) harness.simulator.send(id, fateOf('pending', 0));
    const csv = `faxJobId,deadlineMs,invoice,from\n1,,A-1,shop\n2,200,A-2,\n4,soon,A-4,\nx y,,A-5,\n5,,${'x'.repeat(4_100)},\n`;
    const options = ['--metadata', '{"from":"desk","n":1}', '--deadline', '300ms'];
    const { code, output } = await run(['track', '3', '--file', '-', ...options], harness.env, csv);
    expect([code, output.split('\n')]).toEqual([
      65,
      expect.arrayContaining([
        'line 4: column deadlineMs: "soon": must be a positive whole number of ms',
        expect.stringMatching(/^line 5: column faxJobId: "x y": must be/),
        expect.stringMatching(/^line 6: metadata: must be at most 4096 bytes/),
        '3 tracked, 3 refused',
      ]),
    ]);
    const data = { faxJobId: 1, state: 'sent', metadata: { from: 'shop', invoice: 'A-1', n: 1 } };
    expect((await harness.event(1)).data).toMatchObject(data);
    const late = { state: 'expired', metadata: { from: 'desk', invoice: 'A-2', n: 1 } };
    expect((await harness.event(2)).data).toMatchObject(late);
    expect((await harness.event(3)).data).toMatchObject({ state: 'expired', metadata: { from: 'desk', n: 1 } });
    for (const wrong of [
      ['--metadata', '[1'],
      ['--metadata', '"a"'],
      ['--timeout', '1m'],
    ])
      expect((await run(['track', '1', ...wrong], harness.env)).code).toBe(64);
    expect((await run(['track', '1', '--deadline', '30'], harness.env)).output).toMatch(
      /must be a whole number with ms/,
    );
  });

  it('track --wait --timeout ends with exit 75, and says what is still tracked', async () => {
    harness = await Harness.start({ redisUrl: redis.url });
    harness.simulator.send(1, fateOf('sent', 0));
    harness.simulator.send('open-2', fateOf('pending', 0));
    const args = ['track', '1', 'open-2', '--wait', '--timeout'];
    const { code, output } = await run([...args, '2s'], harness.env);
    expect([code, output]).toEqual([75, expect.stringMatching(/not finished within .* still tracked: open-2$/)]);
    harness.simulator.send('open-2', fateOf('sent', 0));
    expect((await run([...args, '1m'], harness.env)).code).toBe(0);
  });

  it('track --json: the counts, or with --wait each result, for machines', async () => {
    harness = await Harness.start({ redisUrl: redis.url });
    harness.simulator.send(1, fateOf('sent', 100));
    expect(await run(['track', '1', '1', '--json'], harness.env)).toEqual({
      code: 0,
      output: '{"tracked":1,"refused":0,"repeated":1}',
    });
    const { code, output } = await run(['track', '1', '--json', '--wait'], harness.env);
    expect([code, JSON.parse(output)]).toEqual([
      0,
      expect.objectContaining({ faxJobId: 1, state: 'sent', reason: 'ok' }),
    ]);
  });

  it('track on a terminal shows a bar below the outcomes, and leaves only these', async () => {
    harness = await Harness.start({ redisUrl: redis.url });
    const { simulator, env } = harness;
    simulator.send(1, fateOf('sent', 0));
    simulator.send(2, fateOf('pending', 0));
    const { code, screen } = await runOnTerminal(['track', '1', '2', '--wait'], env, (raw) => {
      if (/\[=+-+\] 1 of 2 finished/.test(raw)) simulator.send(2, fateOf('sent', 0)); // only the bar ends the second fax
    });
    expect(screen.slice(0, 4)).toEqual([
      '2 tracked',
      expect.stringMatching(/^\S+ +sent +1 /),
      expect.stringMatching(/^\S+ +sent +2 /),
      expect.stringMatching(/^┌/),
    ]);
    expect(screen.slice(4)).toContainEqual(expect.stringMatching(/sent +│ ok +│ 2/));
    expect(code).toBe(0);
  });

  it('track interrupted says what is still tracked, and that goes on', async () => {
    harness = await Harness.start({ redisUrl: redis.url });
    harness.simulator.send(1, fateOf('sent', 0));
    harness.simulator.send('open-2', fateOf('pending', 0));
    const waiting = new CliProcess(['track', '1', 'open-2', '--wait'], harness.env);
    await waiting.line(/ sent +1 /);
    expect(await waiting.exit('SIGINT')).toBe(130);
    expect(waiting.lines.at(-1)).toBe('interrupted: still tracked: open-2');
    harness.simulator.send('open-2', fateOf('busy', 0));
    expect((await harness.event('open-2')).data.state).toBe('failed');
  });

  it('status tells how a fax ended or how far it is', async () => {
    harness = await Harness.start({
      redisUrl: redis.url,
      env: { POLL_MIN_INTERVAL_MS: '30000', POLL_MAX_INTERVAL_MS: '30000' },
    });
    harness.simulator.send(1, fateOf('sent', 0));
    harness.simulator.send(2, fateOf('pending', 0));
    await harness.enqueue(1);
    const jobId = await harness.enqueue(2);
    await harness.event(1);
    await harness.job(jobId, 'delayed');
    const done = expect.stringMatching(/sent .*1 poll /);
    expect(await run(['status', '1'], harness.env)).toEqual({ code: 0, output: done });
    const inFlight = expect.stringMatching(/^2: in flight since .*1 poll, last "Fax is being sent"/);
    expect(await run(['status', '2'], harness.env)).toEqual({ code: 0, output: inFlight });
    expect(JSON.parse((await run(['status', '2', '--json'], harness.env)).output)).toMatchObject({
      kind: 'in_flight',
      polls: 1,
    });
    expect(await run(['status', '3'], harness.env)).toEqual({
      code: 1,
      output: expect.stringMatching(/^3: not known/),
    });
  });

  it('status and track --wait say that no worker runs, that the queue is paused, why polling is held, and when it goes on', async () => {
    harness = await Harness.start({ redisUrl: redis.url, run: false });
    harness.simulator.send(1, fateOf('pending', 0));
    const jobId = await harness.enqueue(1);
    const waiting = new CliProcess(['track', '1', '--wait'], harness.env);
    await waiting.line(/^no worker runs/);
    const noWorker = { code: 0, output: expect.stringMatching(/^1: in flight.*\nno worker runs/) };
    expect(await run(['status', '1'], harness.env)).toEqual(noWorker);
    await harness.run();
    await waiting.line(/^polling goes on$/);
    await harness.job(jobId, 'delayed');
    expect((await run(['status', '1'], harness.env)).output).toMatch(/^1: in flight.*next poll [^\n]*$/);
    await harness.queue.pause();
    await waiting.line(/^the queue is paused/);
    expect((await run(['status', '1'], harness.env)).output).toMatch(/\nthe queue is paused/);
    await harness.queue.resume();
    harness.simulator.override({ code: 401 });
    await harness.alert('fax.alert.unauthorized');
    const held = JSON.parse((await run(['status', '1', '--json'], harness.env)).output) as object;
    expect(held).toMatchObject({
      standstill: expect.stringMatching(/^polling is stopped, next try at .*Z: .*FAX_API_KEY/),
    });
    await waiting.line(/^polling is stopped/);
    expect(await waiting.exit('SIGINT')).toBe(130);
  });

  it('cancel stops watching, whether the fax is known or not, and leaves the others alone', async () => {
    harness = await Harness.start({ redisUrl: redis.url });
    for (const id of [1, 2]) harness.simulator.send(id, fateOf('pending', 0));
    for (const id of [1, 2]) await harness.job(await harness.enqueue(id), 'delayed');
    const output = '1: no longer watched\n3: was not watched: not in flight';
    expect(await run(['cancel', '1', '3'], harness.env)).toEqual({ code: 1, output });
    const polled = harness.requestsFor(1);
    harness.simulator.send(1, fateOf('sent', 0));
    harness.simulator.send(2, fateOf('sent', 0));
    expect((await harness.event(2)).data.state).toBe('sent');
    expect([harness.requestsFor(1), await harness.result(1)]).toEqual([polled, {}]);
    expect((await run(['cancel', '1', 'a b'], harness.env)).code).toBe(65);
    await harness.enqueue(1); // it may be watched again
    await harness.event(1);
    const json = { code: 1, output: '{"faxJobId":"1","cancelled":false}' };
    expect(await run(['cancel', '1', '--json'], harness.env)).toEqual(json);
  });

  it('watch prints events as they come, and with --since what came after one, without gap or repetition', async () => {
    harness = await Harness.start({ redisUrl: redis.url });
    for (let id = 1; id <= 6; id += 1) harness.simulator.send(id, fateOf('sent', 0));
    for (const id of [1, 2, 3]) {
      await harness.enqueue(id);
      await harness.event(id);
    }
    const watch = new CliProcess(['watch', '--since', 'fax-1', '--json'], harness.env);
    await watch.line(/"fax-3"/);
    for (const id of [4, 5, 6]) await harness.enqueue(id);
    await watch.line(/"fax-6"/);
    const ids = watch.lines.map((line) => (JSON.parse(line) as { id: string }).id);
    expect(ids.slice(0, 2)).toEqual(['fax-2', 'fax-3']);
    expect(ids.slice(2).sort()).toEqual(['fax-4', 'fax-5', 'fax-6']);
    expect(await watch.exit('SIGINT')).toBe(0);
    expect(await run(['watch', '--since', 'fax-99'], harness.env)).toEqual({
      code: 66,
      output: expect.stringContaining('fax-99'),
    });
  });

  it('watch --since an entry that was trimmed away says plainly from where to go on', async () => {
    harness = await Harness.start({ redisUrl: redis.url, run: false });
    const stream = `${harness.settings.KEY_PREFIX}events`;
    for (const id of [1, 2, 3]) await harness.redis.xadd(stream, `${id}-0`, 'event', '{}');
    await harness.redis.xtrim(stream, 'MAXLEN', 1);
    const output = 'events after 1-0 were trimmed away: the oldest left is 3-0; 0 as since reads all that is left';
    expect(await run(['watch', '--since', '1-0'], harness.env)).toEqual({ code: 66, output });
  });

  it('track --wait looks up the outcomes whose events were trimmed away', async () => {
    harness = await Harness.start({ redisUrl: redis.url });
    const { redis: server, settings, simulator } = harness;
    const stream = `${settings.KEY_PREFIX}events`;
    await server.xadd(stream, '1-0', 'event', '{}');
    simulator.send('first', fateOf('sent', 0));
    simulator.send('second', fateOf('pending', 0));
    const waiting = new CliProcess(['track', 'first', 'second', '--wait'], harness.env);
    await waiting.line(/ sent +first /);
    waiting.child.kill('SIGSTOP'); // a slow reader
    simulator.send('second', fateOf('busy', 0));
    await harness.event('second');
    for (let i = 0; i < 3; i += 1) await server.xadd(stream, '*', 'event', '{"data":{"faxJobId":"another"}}');
    await server.xtrim(stream, 'MAXLEN', 1);
    waiting.child.kill('SIGCONT');
    await waiting.line(/ failed +second /);
    expect(await waiting.exit()).toBe(1);
  });
});
