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

// The client as its users get it: packed, installed into a project of theirs, and used there by each Node that it
// supports.

const dir = mkdtempSync(join(tmpdir(), 'faxwatch-client-'));
const [source, project] = [join(dir, 'source'), join(dir, 'project')];
const inProject = (command: string, ...args: string[]): string =>
  execFileSync(join(project, 'node_modules', command), args, { cwd: project, encoding: 'utf8' });

type Manifest = { version: string; license: string; dependencies: Record<string, string> } & {
  devDependencies?: unknown;
  scripts?: unknown;
  bin?: unknown;
};
const manifestIn = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;

let redis: TestRedis;
let harness: Harness;
beforeAll(async () => {
  // Packed from a copy, as somebody may be packing it here.
  mkdirSync(source);
  for (const name of [
    'src',
    'LICENSE',
    'CHANGELOG.md',
    '.npmrc',
    ...readdirSync(ROOT).filter((file) => /^(package|tsconfig.*)\.json$/.test(file)),
  ]) {
    cpSync(join(ROOT, name), join(source, name), { recursive: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(source, 'node_modules'));
  execFileSync('npm', ['run', 'pack:client', '--', '--pack-destination', dir], { cwd: source, stdio: 'ignore' });
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

const client = (...path: string[]): string => join(project, 'node_modules/faxwatch-client', ...path);

it('has a manifest of its own, with the version, licence and dependencies of the service', () => {
  const [own, service] = [manifestIn(client()), manifestIn(ROOT)];
  expect(own).toMatchObject({
    name: 'faxwatch-client',
    version: service.version,
    license: service.license,
    engines: { node: '>=20.3' },
  });
  expect([own.devDependencies, own.scripts, own.bin]).toEqual([undefined, undefined, undefined]);
  expect(Object.keys(own.dependencies).sort()).toEqual(['bullmq', 'ioredis', 'zod']);
  // it is tested with the versions that the service has
  for (const [name, range] of Object.entries(own.dependencies))
    expect(range).toBe(`^${service.dependencies[name]?.replace('^', '')}`);
});

it('is small, and brings nothing along but what it imports', () => {
  expect(readdirSync(client()).sort()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'cjs', 'esm', 'package.json']);
  expect(statSync(tarball()).size).toBeLessThan(50_000);
  const folders = readdirSync(client('esm'));
  expect(folders.filter((name) => !name.startsWith('index.')).sort()).toEqual(['client', 'contract', 'log', 'redis']);
  const imported = sources(client('esm')).flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/ from '([^.'][^']*)'/g)].map(([, name = '']) => name),
  );
  const packages = new Set(imported.filter((name) => !name.startsWith('node:')));
  expect([...packages].sort()).toEqual(['bullmq', 'ioredis', 'zod']);
  const installed = readdirSync(join(project, 'node_modules'));
  expect(installed.filter((name) => ['got', 'fastify', 'pino', 'convict', 'undici'].includes(name))).toEqual([]);
});

const sources = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.js'))
    .map((name) => join(folder, name));

describe('types, under strict and with skipLibCheck off', () => {
  const check = (module: string, moduleResolution: string, ...files: string[]): string => {
    const options = { strict: 'true', skipLibCheck: 'false', target: 'es2022', lib: 'es2023', types: 'node' };
    const settings = { ...options, module, moduleResolution, ignoreDeprecations: '6.0' };
    return inProject(
      '.bin/tsc',
      '--noEmit',
      ...Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]),
      ...files,
    );
  };
  const write = (file: string, text: string): string => {
    writeFileSync(join(project, file), text);
    return file;
  };
  const usage = `import { FaxStatusClient, PayloadError, WaitTimeoutError, type AlertEvent, type FaxCompletedEvent, type FaxResult, type FaxStatus, type OnRefused, type RedisClient } from 'faxwatch-client';
     export async function use(connect: () => RedisClient, onRefused: OnRefused): Promise<void> {
       const client = new FaxStatusClient({ redis: connect });
       const result: FaxResult = await client.wait(1, { timeoutMs: 10, signal: AbortSignal.timeout(5) });
       if (result.state === 'failed') { const reason: 'no_answer' | 'busy' | 'file_error' | 'hangup' | 'unknown' = result.reason; console.log(reason); }
       for await (const event of client.events({ since: '0' })) { const known: FaxCompletedEvent = event; console.log(known.data.metadata['x']); }
       for await (const alert of client.alerts()) { const known: AlertEvent = alert; console.log(known.data.message); }
       const status: FaxStatus = await client.status('a');
       if (status.kind === 'in_flight') { const polls: number = status.polls; console.log(polls); }
       const taken: number = await client.trackMany([1, '2', { faxJobId: 3, metadata: { a: 1 }, deadlineMs: 5 }], { onRefused });
       console.log(taken);
       // @ts-expect-error an id is a number or text
       await client.track({});
     }
     export function codeOf(error: unknown): 'ERR_PAYLOAD' | 'ERR_WAIT_TIMEOUT' | undefined {
       return error instanceof PayloadError || error instanceof WaitTimeoutError ? error.code : undefined;
     }`;

  it.each([
    ['commonjs', 'node10', 'usage.ts'],
    ['node16', 'node16', 'usage.mts'],
    ['node16', 'node16', 'usage.cts'],
    ['nodenext', 'nodenext', 'usage.mts'],
    ['nodenext', 'nodenext', 'usage.cts'],
    ['esnext', 'bundler', 'usage.ts'],
  ])('hold with module %s, moduleResolution %s, in %s', (module, moduleResolution, file) => {
    expect(check(module, moduleResolution, write(file, usage))).toBe('');
  });

  it('hold for require', () => {
    const text = `import faxwatch = require('faxwatch-client');
     export const client = new faxwatch.FaxStatusClient({ redis: 'redis://127.0.0.1', keyPrefix: 'fax:' });`;
    expect(check('nodenext', 'nodenext', write('required.cts', text))).toBe('');
  });

  it('hold for each example of the README', () => {
    const examples = [...readFileSync(client('README.md'), 'utf8').matchAll(/^```ts\n([\s\S]*?)^```$/gm)];
    expect(examples.length).toBeGreaterThan(5);
    const files = examples.map(([, code = ''], index) => write(`example-${index}.mts`, code));
    expect(check('nodenext', 'nodenext', ...files)).toBe('');
  });
});

describe.each([['node20/bin/node'], ['node22/bin/node'], [undefined]])('on %s (Node 24 if none is named)', (node) => {
  it.each([
    ['esm.mjs', `import { FaxStatusClient } from 'faxwatch-client';`],
    ['cjs.cjs', `const { FaxStatusClient } = require('faxwatch-client');`],
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
