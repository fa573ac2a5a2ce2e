import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { enqueueing } from './engine/enqueue.ts';
import { startAndIdle } from './engine/idle.ts';
import { finishedBytes, inFlight } from './engine/in-flight.ts';
import { answerToEvent } from './engine/latency.ts';
import { paced } from './engine/paced.ts';
import { promptness } from './engine/promptness.ts';
import { slotCosts } from './engine/slots.ts';
import { file } from './engine/stage.ts';
import { commandsPerPoll, SUBJECTS, throughput, type Subject } from './engine/throughput.ts';
import { median, quantile } from './figures.ts';

// npm run bench: what the service itself costs, with no rate limit in its way; each beside what it is compared to, in
// one run. npm run bench -- --only throughput,latency,enqueue,promptness,idle,in-flight,slots,processes --runs 5
// --in-flight 10000,100000

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string' },
    runs: { type: 'string', default: '5' },
    'in-flight': { type: 'string', default: '10000,100000' },
    // Fails if the service's polls per second are below this share of those of the bare worker on fetch; measures these
    // two alone.
    'min-ratio': { type: 'string' },
  },
});
const runs = Number(flags.runs);
const wanted = (part: string): boolean => flags.only === undefined || flags.only.split(',').includes(part);
const say = (title: string, head: string[], rows: (string | number)[][]): void => {
  const table = new Table({ head, style: { head: [], border: [] } });
  table.push(...rows);
  console.log(`\n${title}\n${table.toString()}`);
};
const ms = (value: number): string => `${value.toFixed(2)} ms`;

if (wanted('throughput')) {
  const checks = flags['min-ratio'] !== undefined;
  const subjects: readonly Subject[] = checks
    ? ['Faxwatch', 'bare worker, fetch']
    : (Object.keys(SUBJECTS) as Subject[]);
  let lowest = Infinity;
  for (const [faxes, polls] of [
    [12_000, 1],
    [2_500, 5],
  ] as const) {
    const found = new Map<Subject, number[]>(subjects.map((subject) => [subject, []]));
    for (let run = 0; run < runs; run += 1)
      for (const subject of subjects) found.get(subject)?.push(await throughput(subject, faxes, polls));
    const of = (subject: Subject): number => median(found.get(subject) ?? []);
    const [bare, bareGot] = [of('bare worker, fetch'), of('bare worker, got')];
    lowest = Math.min(lowest, of('Faxwatch') / bare);
    say(
      `polls per second of one process, ${polls} ${polls === 1 ? 'poll' : 'polls'} per fax, median of ${runs}`,
      ['', 'per second', 'of bare, fetch', 'of bare, got'],
      subjects.map((subject) => [
        subject,
        of(subject).toFixed(0),
        (of(subject) / bare).toFixed(2),
        Number.isNaN(bareGot) ? 'not measured' : (of(subject) / bareGot).toFixed(2),
      ]),
    );
    if (checks) continue;
    const rows = [];
    for (const subject of ['Faxwatch', 'bare worker, fetch', 'empty jobs'] as const) {
      const { sent, inScripts } = await commandsPerPoll(subject, 200, polls);
      rows.push([subject, sent.toFixed(1), inScripts.toFixed(1)]);
    }
    say('Redis commands per poll', ['', 'sent', 'in scripts'], rows);
  }
  if (checks && lowest < Number(flags['min-ratio'])) {
    console.error(
      `the service makes ${lowest.toFixed(2)} of the bare worker's polls per second; wanted: ${flags['min-ratio']}`,
    );
    process.exitCode = 1;
  }
}

if (wanted('latency')) {
  const found: Awaited<ReturnType<typeof answerToEvent>>[] = [];
  for (let run = 0; run < runs; run += 1) found.push(await answerToEvent(300));
  const of = (part: 'event' | 'publish', share: number): number =>
    median(found.map((each) => quantile(each[part], share)));
  say(
    'from the answer to the event at the subscriber',
    ['', 'p50', 'p99'],
    [
      ['Faxwatch', ms(of('event', 0.5)), ms(of('event', 0.99))],
      ['bare PUBLISH', ms(of('publish', 0.5)), ms(of('publish', 0.99))],
    ],
  );
}

if (wanted('enqueue')) {
  const found = [];
  for (let run = 0; run < runs; run += 1) found.push(await enqueueing(100_000));
  const [trackMany, addBulk] = [median(found.map((each) => each.trackMany)), median(found.map((each) => each.addBulk))];
  say(
    '100,000 faxes enqueued, per second',
    ['trackMany', 'addBulk', 'ratio', 'memory grew by'],
    [
      [
        trackMany.toFixed(0),
        addBulk.toFixed(0),
        (trackMany / addBulk).toFixed(2),
        `${Math.max(...found.map((each) => each.grownMiB)).toFixed(0)} MiB`,
      ],
    ],
  );
}

if (wanted('promptness')) {
  const rows = [];
  for (const waiting of [1_000, 10_000, 100_000]) {
    const found = [
      await promptness(waiting, 10),
      await promptness(waiting, 10, [file('./bare-worker.ts')]),
      await promptness(waiting, 100),
    ];
    rows.push([waiting, ...found.map((late) => `${ms(quantile(late, 0.5))}, ${ms(quantile(late, 0.99))}`)]);
  }
  say(
    'due job to event (p50, p99), with so many others waiting',
    ['waiting', 'Faxwatch', 'bare worker', 'Faxwatch, Redis with hz 100'],
    rows,
  );
}

if (wanted('idle')) {
  const rows = [];
  for (const [name, args] of [
    ['Faxwatch', undefined],
    ['bare worker', [file('./bare-worker.ts')]],
  ] as const) {
    const { firstMs, commandsPerSecond, cpuShare, rssMiB } = await startAndIdle(args);
    rows.push([
      name,
      `${firstMs.toFixed(0)} ms`,
      commandsPerSecond.toFixed(1),
      `${(cpuShare * 100).toFixed(1)} %`,
      `${rssMiB.toFixed(0)} MiB`,
    ]);
  }
  say(
    'start, and running with nothing to do',
    ['', 'start to first result', 'Redis commands per second', 'CPU', 'RSS'],
    rows,
  );
}

if (wanted('in-flight')) {
  const rows = [];
  for (const [faxes, listpackBytes] of flags['in-flight'].split(',').flatMap(
    (count) =>
      [
        [Number(count), 64],
        [Number(count), 1024],
      ] as const,
  )) {
    const { enqueuedBytes, polledBytes, perSecond, rssMiB, headsMs } = await inFlight(faxes, listpackBytes);
    rows.push([
      faxes,
      listpackBytes,
      enqueuedBytes.toFixed(0),
      polledBytes.toFixed(0),
      perSecond.toFixed(0),
      rssMiB.toFixed(0),
      ms(headsMs),
    ]);
  }
  say(
    'in flight',
    [
      'faxes',
      'listpack value',
      'bytes of Redis each, enqueued',
      'polled once',
      'polls per second meanwhile',
      'RSS, MiB',
      'load query',
    ],
    rows,
  );
  console.log(`bytes of Redis per finished fax, of 20,000: ${(await finishedBytes(20_000)).toFixed(0)}`);
}

if (wanted('slots')) {
  const rows = [];
  for (const faxes of flags['in-flight'].split(',').map(Number)) {
    for (const { perSecond, used, commands, redisMs, workerMs } of await slotCosts(faxes, [1, 60, 200, 1_000])) {
      rows.push([faxes, perSecond, `${(used * 100).toFixed(1)} %`, commands.toFixed(0), ms(redisMs), ms(workerMs)]);
    }
  }
  say(
    'what a slot costs, with so many faxes in flight',
    ['in flight', 'slots per second', 'used', 'Redis commands, with those in scripts', 'CPU of Redis', 'of the worker'],
    rows,
  );
}

if (wanted('processes')) {
  const rows = [];
  for (const processes of [1, 2, 4, 8]) {
    const found = [];
    for (let run = 0; run < runs; run += 1) found.push(await throughput('Faxwatch', 6_000, 1, processes));
    const { used, refused } = await paced(processes);
    rows.push([processes, median(found).toFixed(0), `${(used * 100).toFixed(1)} %`, `${(refused * 100).toFixed(2)} %`]);
  }
  say(
    'processes on one queue',
    ['processes', 'polls per second without a limit', 'used of a limit of 200 per second', 'refused'],
    rows,
  );
}
