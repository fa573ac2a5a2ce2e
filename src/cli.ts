#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { reportError } from './cli/failure.ts';

// Each command's code is loaded when it is run, so that `--help` and the small commands start at once.
const program = new Command('faxwatch')
  .description('Watches faxes sent through Fax.to: job ids in by BullMQ, final status and one event out by Redis.')
  .version(packageJson.version)
  .addHelpText(
    'after',
    '\nSettings come from the environment, .env in this folder, and config/<NODE_ENV>.json; see the README.\n',
  );

const natural = (text: string): number => {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('must be a whole number.');
  return Number(text);
};

program
  .command('start')
  .description('run worker and dashboard in one process')
  .action(async () => (await import('./cli/serve.ts')).serve({ worker: true, board: true }));
program
  .command('worker')
  .description('run a worker, with health and metrics on the port; any number share one queue and one pace')
  .action(async () => (await import('./cli/serve.ts')).serve({ worker: true, board: false }));
program
  .command('dashboard')
  .description('run the dashboard, health and metrics without a worker')
  .action(async () => (await import('./cli/serve.ts')).serve({ worker: false, board: true }));
program
  .command('track')
  .description('have faxes watched, by their job ids')
  .argument('[ids...]', 'fax job ids; standard input is read if there are none, nor a file')
  .option(
    '-f, --file <file>',
    'read ids from a file, one a line, or CSV with a header (faxJobId,…); - for standard input',
  )
  .option('-w, --wait', 'wait until all are finished; exit 0 only if all were sent')
  .option('--json', 'print JSON: the counts, or with --wait the results, one a line')
  .action(async (ids: string[], options: { file?: string; wait?: boolean; json?: boolean }) =>
    (await import('./cli/track.ts')).track(ids, options),
  );
program
  .command('status')
  .description('tell how a fax ended, or how far it is; exit 1 if it is not known')
  .argument('<id>', 'fax job id')
  .option('--json', 'print JSON')
  .action(async (id: string, options: { json?: boolean }) => (await import('./cli/status.ts')).status(id, options));
program
  .command('watch')
  .description('print the event of each fax that finishes, until interrupted')
  .option('--since <event-id>', 'first what came after this event (fax-200), or 0 for all that the stream has')
  .option('--json', 'print JSON, one event a line')
  .action(async (options: { since?: string; json?: boolean }) => (await import('./cli/watch.ts')).watch(options));
program
  .command('export-durations')
  .description('print how long faxes take, as the service has learned it: a CSV for its benchmarks, without ids')
  .option('--count <count>', 'how many durations', natural, 1_000)
  .action(async (options: { count: number }) => (await import('./cli/export-durations.ts')).exportDurations(options));
program
  .command('demo')
  .description('run all of it on an embedded Redis against the stand-in API, and end with a summary')
  .option('--keep', 'keep the dashboard up at the end, until interrupted')
  .action(async (options: { keep?: boolean }) => (await import('./cli/demo.ts')).demo(options));
program
  .command('simulate')
  .description('run the stand-in for the Fax.to status API, on loopback')
  .option('--port <port>', 'port to listen on', natural, 3001)
  .option('--api-key <key>', 'the only key that it takes; any if left out')
  .option('--rate-limit <max>', 'requests allowed per window; no limit if left out', natural)
  .option('--rate-window <ms>', 'window of the limit', natural, 60_000)
  .addOption(
    new Option('--rate-kind <kind>', 'kind of the limit')
      .choices(['fixed-window', 'sliding-window', 'token-bucket'])
      .default('sliding-window'),
  )
  .option('--retry-after', 'say Retry-After when refusing')
  .option('--latency <ms>', 'time of each answer', natural, 50)
  .option('--finish <ms>', 'about how long a fax takes', natural, 30_000)
  .action(async (options: import('./cli/simulate.ts').SimulateOptions) =>
    (await import('./cli/simulate.ts')).simulate(options),
  );

if (existsSync('.env')) process.loadEnvFile('.env');
try {
  await program.parseAsync();
} catch (error) {
  reportError(error);
}
