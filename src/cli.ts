#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { DURATION_WANTED, parseDuration } from './cli/duration.ts';
import { ACCOUNT_STATES } from './cli/account-states.ts';
import { FATE_NAMES } from './simulator/fate.ts';
import { HISTORIES, HISTORY_KINDS } from './simulator/history.ts';
import { VERSION } from './settings/version.ts';
import { fitted } from './cli/say.ts';
import { stopWhileLoading } from './cli/stop-while-loading.ts';
import { wrap } from './cli/wrap.ts';
import type { Roles } from './main.ts';

const EX_USAGE = 64; // sysexits(3); as in cli/failure.ts, which takes long to load
const EX_SIGPIPE = 141; // as for programs that the signal ends

// Whoever reads the output has gone, as `head` does once it has enough.
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => process.exit(code === 'EPIPE' ? EX_SIGPIPE : 1));

// Each command's code is loaded when it is run, so that `--help` and the small commands start at once.
const program = new Command('faxwatch')
  .description('Polls faxes sent through Fax.to: BullMQ jobs in, final status and one event per fax out to Redis.')
  .version(VERSION)
  .configureOutput({ outputError: (text, write) => write(fitted(text, process.stderr)) })
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : EX_USAGE))
  .addHelpText(
    'after',
    '\nSettings come from the environment, .env in the current folder and\nconfig/<NODE_ENV>.json; see the README.',
  );

const natural = (text: string): number => {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('must be a whole number.');
  return Number(text);
};
const positive = (text: string): number => {
  const value = natural(text);
  if (value === 0) throw new InvalidArgumentError('must be at least 1.');
  return value;
};

const MOST_PORT = 65_535;
const portNumber = (text: string): number => {
  const port = natural(text);
  if (port > MOST_PORT) throw new InvalidArgumentError(`must be at most ${MOST_PORT}.`);
  return port;
};

const share = (text: string): number => {
  if (!/^(0|1|0?\.\d{1,9})$/.test(text)) throw new InvalidArgumentError('must be a share from 0 to 1, such as 0.1.');
  return Number(text);
};

const duration = (text: string): number => {
  const ms = parseDuration(text);
  if (ms === undefined) throw new InvalidArgumentError(`${DURATION_WANTED}.`);
  return ms;
};

/** Which account a command is about, where the service has some. */
const account = () => new Option('--account <name>', 'the account of the service, if it has ACCOUNTS_FILE');
const examples = (...lines: readonly string[]): string => ['Examples:', ...lines.map((line) => `  ${line}`)].join('\n');

const COLUMNS = Math.min(80, process.stdout.columns || 80);
/** Words and what each means, in two columns. */
function table(title: string, meanings: Readonly<Record<string, string>>): string {
  const longest = Math.max(...Object.keys(meanings).map(({ length }) => length));
  const line = ([word, meaning]: [string, string]): string =>
    wrap(`  ${word.padEnd(longest)}  ${meaning}`, COLUMNS, longest + 4);
  return [title, ...Object.entries(meanings).map(line)].join('\n');
}

/** Exit codes, and what each means; those that all commands share come by themselves. */
const exits = (codes: Readonly<Record<number, string>>): string =>
  table('Exit codes:', {
    64: 'an argument or an option is wrong',
    69: 'Redis cannot be reached',
    78: 'a setting is wrong',
    ...codes,
  });
const STOPPED = 'stopped by SIGTERM or SIGINT';
const FOR_SERVICE = exits({ 0: `${STOPPED}, with the jobs under way finished`, 69: 'the port is in use' });
/** What help adds to what commander says. */
const sections = (...parts: readonly string[]): string => parts.map((part) => `\n${part}`).join('\n');

const serve = async (roles: Roles): Promise<void> => {
  const loaded = stopWhileLoading();
  await (await import('./cli/serve.ts')).serve(roles, loaded);
};

program
  .command('start')
  .description('run a worker and the dashboard in one process')
  .addHelpText('after', sections(FOR_SERVICE, examples('faxwatch start', 'DASHBOARD_PORT=8080 faxwatch start')))
  .action(() => serve({ worker: true, board: true }));
program
  .command('worker')
  .description('run a worker, with health and metrics on the port; any number can share one queue and one pace')
  .addHelpText('after', sections(FOR_SERVICE, examples('faxwatch worker', 'DASHBOARD_PORT=0 faxwatch worker')))
  .action(() => serve({ worker: true, board: false }));
program
  .command('dashboard')
  .description('run the dashboard, health and metrics, without a worker')
  .addHelpText(
    'after',
    sections(
      exits({ 0: STOPPED, 69: 'the port is in use' }),
      examples('faxwatch dashboard', 'DASHBOARD_READ_ONLY=true faxwatch dashboard'),
    ),
  )
  .action(() => serve({ worker: false, board: true }));
program
  .command('track')
  .description('track faxes by their faxJobId')
  .argument('[ids...]', 'faxJobIds; read from standard input if there are neither ids nor --file')
  .option(
    '-f, --file <file>',
    'read ids from a file, one per line, or CSV with a header (faxJobId,deadlineMs,…), other columns being metadata; ' +
      '- is standard input',
  )
  .addOption(account())
  .option('--metadata <json>', 'metadata for all of them, an object; columns of a file come first')
  .option('--deadline <time>', 'deadline for all without one of their own, such as 90s, 30m, 2h, 1d', duration)
  .option('-w, --wait', 'wait until all have finished; exit 0 only if all were sent')
  .option('--timeout <time>', 'with --wait: how long at most, such as 10m; then exit 75', duration)
  .option('--json', 'print JSON: the counts, or with --wait the results, one per line')
  .addHelpText(
    'after',
    sections(
      exits({
        0: 'all were taken; with --wait: all were sent',
        1: 'with --wait: all have finished, and not all were sent',
        65: 'there were no ids, or some were refused; the others were taken',
        66: 'the file cannot be read',
        75: 'with --timeout: not all have finished in time; they are still tracked',
        130: 'interrupted',
      }),
      examples(
        'faxwatch track 200 201 --wait --timeout 10m',
        'faxwatch track 200 --deadline 2h --metadata \'{"invoice":"A-17"}\'',
        'faxwatch track --account north --file faxes.csv',
      ),
    ),
  )
  .action(async (ids: string[], options: import('./cli/track.ts').TrackFlags) =>
    (await import('./cli/track.ts')).track(ids, options),
  );
program
  .command('status')
  .description('show the result of a fax, or its progress; exit 1 if it is not known')
  .argument('<id>', 'faxJobId')
  .addOption(account())
  .option('--json', 'print JSON')
  .addHelpText(
    'after',
    sections(
      exits({ 0: 'the fax is known', 1: 'it is not', 65: 'not a fax id' }),
      examples('faxwatch status 200', 'faxwatch status --account north 200 --json'),
    ),
  )
  .action(async (id: string, options: { account?: string; json?: boolean }) =>
    (await import('./cli/status.ts')).status(id, options),
  );
program
  .command('cancel')
  .description('stop watching faxes: no poll, no result, no event. Nothing happens at Fax.to: they are still sent')
  .argument('<ids...>', 'faxJobIds')
  .addOption(account())
  .option('--json', 'print JSON, one fax per line')
  .addHelpText(
    'after',
    sections(
      exits({
        0: 'all were watched',
        1: 'not all were',
        65: 'an argument is not a fax id',
        75: 'a worker was busy with one: try again',
      }),
      examples('faxwatch cancel 200 201', 'faxwatch cancel --account north 200 --json'),
    ),
  )
  .action(async (ids: string[], options: import('./cli/cancel.ts').CancelFlags) =>
    (await import('./cli/cancel.ts')).cancel(ids, options),
  );
program
  .command('watch')
  .description('print an event for each fax that finishes, until interrupted')
  .option('--since <event-id>', 'start after this event (such as fax-200), or 0 for all events in the stream')
  .addOption(account())
  .option('--json', 'print JSON, one event per line')
  .addHelpText(
    'after',
    sections(
      exits({ 0: 'interrupted', 66: 'the stream does not have that event any more' }),
      examples('faxwatch watch --since fax-200', 'faxwatch watch --account north --json'),
    ),
  )
  .action(async (options: import('./cli/watch.ts').WatchFlags) => (await import('./cli/watch.ts')).watch(options));
program
  .command('export-durations')
  .description('print the fax durations that the service has learned, as CSV for its benchmarks, without ids')
  .option('--count <count>', 'number of durations', natural, 1_000)
  .addOption(account())
  .addHelpText(
    'after',
    sections(
      exits({ 0: 'printed', 66: 'no fax has finished yet' }),
      examples('faxwatch export-durations --account north > durations.csv'),
    ),
  )
  .action(async (options: import('./cli/export-durations.ts').DurationsFlags) =>
    (await import('./cli/export-durations.ts')).exportDurations(options),
  );
program
  .command('sizing')
  .description('show how late faxes are found at this load, and what more requests would gain')
  .option('--faxes-per-hour <count>', 'faxes an hour; those finished in the last hour if omitted', positive)
  .addOption(account())
  .option('--json', 'print JSON')
  .addHelpText(
    'after',
    sections(
      exits({ 0: 'printed', 64: 'an option is wrong, or no fax has finished in the last hour' }),
      examples('faxwatch sizing', 'faxwatch sizing --faxes-per-hour 900'),
    ),
  )
  .action(async (options: import('./cli/sizing.ts').SizingFlags) => (await import('./cli/sizing.ts')).sizing(options));
program
  .command('accounts')
  .description('list the accounts in ACCOUNTS_FILE, and those that Redis knows, with state and counts')
  .option('--json', 'print JSON, one account per line')
  .addHelpText(
    'after',
    sections(
      table('States:', ACCOUNT_STATES),
      table('Counts:', {
        'in flight': 'jobs that are not finished',
        waiting: 'of these, jobs that are due and wait for a worker',
        finished: 'faxes whose events the stream still has',
      }),
      exits({ 0: 'printed, also if there are none', 130: 'interrupted' }),
      examples('faxwatch accounts', 'faxwatch accounts --json | grep key_refused'),
    ),
  )
  .action(async (options: { json?: boolean }) => (await import('./cli/accounts.ts')).accounts(options));
program
  .command('demo')
  .description('run the whole service on an embedded Redis against the stand-in API, then print a summary')
  .option('--keep', 'keep the dashboard up afterwards, until interrupted')
  .addHelpText(
    'after',
    sections(
      exits({ 0: 'all faxes finished', 69: 'not all finished in time' }),
      examples('faxwatch demo', 'faxwatch demo --keep'),
    ),
  )
  .action(async (options: { keep?: boolean }) => (await import('./cli/demo.ts')).demo(options));
program
  .command('simulate')
  .description('run a stand-in for the Fax.to API, on loopback: status, list of faxes, callbacks')
  .option('--port <port>', 'port to listen on', portNumber, 3001)
  .option('--api-key <key>', 'the only key that it accepts; any key if omitted')
  .option('--rate-limit <max>', 'requests allowed per window; no limit if omitted', natural)
  .option('--rate-window <ms>', 'length of the window', natural, 60_000)
  .addOption(
    new Option('--rate-kind <kind>', 'kind of limit')
      .choices(['fixed-window', 'sliding-window', 'token-bucket'])
      .default('sliding-window'),
  )
  .option('--retry-after', 'send Retry-After with refusals')
  .option('--latency <ms>', 'delay of each answer', natural, 50)
  .option('--finish <ms>', 'about how long a fax takes, ms', natural, 30_000)
  .addOption(new Option('--history <kind>', 'what /fax-history answers').choices(HISTORY_KINDS).default('ok'))
  .option('--history-page-cap <entries>', 'most entries on a page of it, whatever its limit says', positive, 100)
  .option('--callback-url <url>', 'post a callback there when a fax becomes final, until it is answered 200')
  .option('--callback-repeat <ms>', 'time between the attempts, for up to 48 hours', positive, 900_000)
  .option('--callback-loss <share>', 'share of faxes whose callback is never sent, 0 to 1', share, 0)
  .option('--callback-doubles <share>', 'share of callbacks that are sent twice, 0 to 1', share, 0)
  .addHelpText(
    'after',
    sections(
      table('Kinds of /fax-history:', HISTORIES),
      wrap(
        `Fates by the prefix of an id, as in busy-17: ${FATE_NAMES.join(', ')}; of others, one in five fails.`,
        COLUMNS,
      ),
      table('Controls, on the same port:', {
        'PUT /_simulator/faxes/<id>':
          'sends a fax; its fate is that of its id, or JSON in the body, as an example below has it',
        'GET /_simulator/stats': 'counts requests, refusals, faxes and callbacks',
      }),
      exits({ 0: STOPPED, 69: 'the port is in use' }),
      examples(
        'faxwatch simulate',
        'faxwatch simulate --rate-limit 60 --retry-after',
        'curl -X PUT http://127.0.0.1:3001/_simulator/faxes/busy-17',
        'curl -X PUT http://127.0.0.1:3001/_simulator/faxes/18 \\',
        '  -d \'{"then":[{"afterMs":0,"answer":{"code":500}}]}\'',
      ),
    ),
  )
  .action(async (options: import('./cli/simulate.ts').SimulateOptions) =>
    (await import('./cli/simulate.ts')).simulate(options),
  );

if (existsSync('.env')) process.loadEnvFile('.env');
try {
  await program.parseAsync();
} catch (error) {
  (await import('./cli/failure.ts')).reportError(error);
}
