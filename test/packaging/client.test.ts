import { execFile, execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fateOf } from '../../src/simulator/fate.ts';
import { Harness } from '../support/harness.ts';
import { startTestRedis, type TestRedis } from '../support/redis-server.ts';
import { ROOT } from '../support/worker-process.ts';

// The library as its users get it: packed, installed into a project of theirs, and used there by each Node that it
// supports.

const dir = mkdtempSync(join(tmpdir(), 'faxwatch-library-'));
const [source, project] = [join(dir, 'source'), join(dir, 'project')];
const inProject = (command: string, ...args: string[]): string =>
  execFileSync(join(project, 'node_modules', command), args, { cwd: project, encoding: 'utf8' });

type Manifest = { version: string; dependencies: Record<string, string>; devDependencies?: unknown; scripts?: unknown };
const manifestIn = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;

let redis: TestRedis;
let harness: Harness;
beforeAll(async () => {
  // Packed from a copy, as packing rewrites package.json for a moment.
  mkdirSync(source);
  for (const name of [
    'src',
    'config',
    'README.md',
    'LICENSE',
    'CHANGELOG.md',
    '.npmrc',
    ...readdirSync(ROOT).filter((file) => /^(package|tsconfig.*)\.json$/.test(file)),
  ]) {
    cpSync(join(ROOT, name), join(source, name), { recursive: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(source, 'node_modules'));
  execFileSync('npm', ['pack', '--pack-destination', dir], { cwd: source, stdio: 'ignore' });
  mkdirSync(project);
  writeFileSync(
    join(project, 'package.json'),
    JSON.stringify({ private: true, allowScripts: { node20: true, node22: true } }),
  );
  execFileSync(
    'npm',
    [
      'install',
      tarball(),
      `typescript@${manifestIn(join(ROOT, 'node_modules/typescript')).version}`,
      '@types/node@24',
      'node20@npm:node@20',
      'node22@npm:node@22',
    ],
    { cwd: project, stdio: 'ignore' },
  );
  redis = await startTestRedis();
  harness = await Harness.start({ redisUrl: redis.url });
}, 180_000);
afterAll(async () => {
  await harness.stop();
  await redis.stop();
  rmSync(dir, { recursive: true, force: true });
});
const tarball = (): string => join(dir, readdirSync(dir).find((name) => name.endsWith('.tgz')) ?? '');

it('is small, and depends on bullmq, ioredis and zod alone', () => {
  const installed = manifestIn(join(project, 'node_modules/faxwatch'));
  expect(Object.keys(installed.dependencies).sort()).toEqual(['bullmq', 'ioredis', 'zod']);
  expect([installed.devDependencies, installed.scripts]).toEqual([undefined, undefined]);
  const service = manifestIn(ROOT).dependencies; // the library is tested with the versions that the service has
  for (const [name, range] of Object.entries(installed.dependencies))
    expect(range.slice(1)).toMatch(new RegExp(`^${service[name]?.replace('^', '')}`));
  expect(statSync(tarball()).size).toBeLessThan(40_000);
  expect(manifestIn(source)).toEqual(manifestIn(ROOT)); // restored
});

it('has types that hold under strict, with skipLibCheck off, for ES modules and CommonJS', () => {
  writeFileSync(
    join(project, 'module.mts'),
    `import { FaxStatusClient, PayloadError, WaitTimeoutError, type AlertEvent, type FaxCompletedEvent, type FaxResult, type FaxStatus } from 'faxwatch';
     const client = new FaxStatusClient({ redis: 'redis://127.0.0.1' });
     const result: FaxResult = await client.wait(1, { timeoutMs: 10, signal: AbortSignal.timeout(5) });
     if (result.state === 'failed') { const reason: 'no_answer' | 'busy' | 'file_error' | 'hangup' | 'unknown' = result.reason; console.log(reason); }
     for await (const event of client.events({ since: '0' })) { const known: FaxCompletedEvent = event; console.log(known.data.metadata['x']); }
     for await (const alert of client.alerts()) { const known: AlertEvent = alert; console.log(known.data.message); }
     const status: FaxStatus = await client.status('a');
     if (status.kind === 'in_flight') { const polls: number = status.polls; console.log(polls, PayloadError, WaitTimeoutError); }
     // @ts-expect-error an id is a number or text
     await client.track({});`,
  );
  writeFileSync(
    join(project, 'common.cts'),
    `import faxwatch = require('faxwatch');
     const client = new faxwatch.FaxStatusClient({ redis: 'redis://127.0.0.1', keyPrefix: 'fax:' });
     const taken: Promise<number> = client.trackMany([1, '2', { faxJobId: 3, metadata: { a: 1 }, deadlineMs: 5 }], { onRefused: (error, index) => console.log(error.code, index) });
     void taken;`,
  );
  const check = [
    '--noEmit',
    '--strict',
    '--skipLibCheck',
    'false',
    '--target',
    'es2022',
    '--lib',
    'es2023',
    '--types',
    'node',
  ];
  expect(inProject('.bin/tsc', ...check, '--module', 'nodenext', 'module.mts', 'common.cts')).toBe('');
}, 60_000);

describe.each([['node20/bin/node'], ['node22/bin/node'], [undefined]])('on %s (Node 24 if none is named)', (node) => {
  it.each([
    ['esm.mjs', `import { FaxStatusClient } from 'faxwatch';`],
    ['cjs.cjs', `const { FaxStatusClient } = require('faxwatch');`],
  ])('%s has a fax watched, waits for it, and reads its event', async (file, load) => {
    const { QUEUE_NAME: queueName, KEY_PREFIX: keyPrefix } = harness.settings;
    const id = `${file.slice(0, 3)}-${node?.slice(4, 6) ?? '24'}`;
    harness.simulator.send(id, fateOf('sent', 200));
    writeFileSync(
      join(project, file),
      `${load}
       (async () => {
         const client = new FaxStatusClient(${JSON.stringify({ redis: redis.url, queueName, keyPrefix })});
         const since = await client.lastEventId();
         await client.track('${id}', { metadata: { a: 1 } });
         const result = await client.wait('${id}', { timeoutMs: 20_000 });
         for await (const event of client.events({ since })) { console.log(result.state, result.metadata.a, event.id, (await client.status('${id}')).kind); break; }
         await client.close();
       })();`,
    );
    const command = node ? join(project, 'node_modules', node) : process.execPath;
    const { stdout, stderr } = await promisify(execFile)(command, [file], { cwd: project });
    expect((stdout + stderr).trim()).toBe(`sent 1 fax-${id} done`);
  });
});
