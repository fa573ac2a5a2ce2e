import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { fateOf } from '../../src/simulator/fate.ts';
import { Harness } from '../support/harness.ts';
import { end } from '../support/redis-server.ts';
import { useRedis } from '../support/use-redis.ts';
import { ROOT } from '../support/worker-process.ts';

// The snippets of the documents do what they say, run as they stand there but for the port of Redis.

type Snippet = { readonly section: string; readonly language: string; readonly code: string; readonly title: string };

const AT_THE_TOP = 'at the top';

function snippetsOf(file: string): Snippet[] {
  let [section, heading] = [AT_THE_TOP, ''];
  const found: Snippet[] = [];
  for (const [block, level, title, language, code = ''] of readFileSync(join(ROOT, file), 'utf8').matchAll(
    /^(##+) (.*)$|^```(\w+)\n([\s\S]*?)^```$/gm,
  )) {
    if (level === '##') [section, heading] = [title ?? '', ''];
    else if (level) heading = title ?? '';
    else if (language && block)
      found.push({
        section,
        language,
        code,
        title: `${file}: ${section}, ${heading || language}, ${code.trim().split('\n')[0]}`,
      });
  }
  return found;
}

const has = (command: string, ...args: string[]): boolean => spawnSync(command, args).status === 0;
const PYTHON = ['python3', '/usr/bin/python3'].find((python) => has(python, '-c', 'import redis'));
const HAS_PHP_REDIS = has('php', '-r', 'new Redis();');

/** The command that runs a snippet; undefined if this machine has not what it needs. */
function commandFor({ language, code }: Snippet, port: string): string[] | undefined {
  const here = code.replaceAll('6379', port);
  const file = (name: string): string => {
    writeFileSync(join(project, name), here);
    return name;
  };
  if (language === 'ts' || language === 'js')
    return [process.execPath, file(`snippet.${language === 'ts' ? 'mts' : 'mjs'}`)];
  if (language === 'python' && PYTHON && (!code.includes('bullmq') || has(PYTHON, '-c', 'import bullmq')))
    return [PYTHON, file('snippet.py')];
  if (language === 'php' && HAS_PHP_REDIS && !code.includes('vendor/')) return ['php', file('snippet.php')];
  if (language === 'sh' && (!code.includes('redis-cli') || has('redis-cli', '--version'))) {
    return [
      'bash',
      '-c',
      here.trim().replace('npm exec --no -- faxwatch', `exec ${process.execPath} ${join(ROOT, 'src/cli.ts')}`),
    ];
  }
  return undefined;
}

const snippets = ['README.md', 'docs/integrating.md', 'src/client/README.md']
  .flatMap(snippetsOf)
  .filter(({ section, language }) =>
    /^(Put faxes in|Get results out|Look one up)/.test(section)
      ? language !== 'json'
      : section === AT_THE_TOP && language === 'ts',
  );
const snippetsIn = (section: RegExp): Snippet[] =>
  snippets.filter((snippet) => section.test(snippet.section) && commandFor(snippet, '6379'));
const topSnippets = (does: string): Snippet[] =>
  snippets.filter(({ section, code }) => section === AT_THE_TOP && code.includes(does));

const project = mkdtempSync(join(tmpdir(), 'faxwatch-snippets-'));
const redis = useRedis();
let harness: Harness;

beforeAll(() => {
  // A project that has what the snippets import; the client is built as for its package.
  const modules = join(project, 'node_modules');
  mkdirSync(join(modules, 'faxwatch-client'), { recursive: true });
  for (const name of ['bullmq', 'ioredis', 'redis', 'zod'])
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
  execFileSync(process.execPath, [
    join(ROOT, 'node_modules/typescript/bin/tsc'),
    '-p',
    join(ROOT, 'tsconfig.client.json'),
    '--outDir',
    join(modules, 'faxwatch-client'),
  ]);
  writeFileSync(
    join(modules, 'faxwatch-client/package.json'),
    JSON.stringify({ type: 'module', exports: './index.js' }),
  );
}, 60_000);
afterAll(() => rmSync(project, { recursive: true, force: true }));

beforeEach(async () => {
  harness = await Harness.start({ redisUrl: redis.url, env: { QUEUE_NAME: 'fax-status', KEY_PREFIX: 'fax:' } });
  for (const id of [200, 201]) harness.simulator.send(id, fateOf('sent', 0));
});
afterEach(async () => {
  await harness.redis.flushall();
  await harness.stop();
});

/** Runs a snippet and gives its output to `during`, as lines that come; ends it then if it does not end by itself. */
async function running(
  snippet: Snippet,
  during: (lines: string[], ended: Promise<number | null>) => Promise<void>,
): Promise<void> {
  const [command = '', ...args] = commandFor(snippet, new URL(redis.url).port) ?? [];
  const child = spawn(command, args, {
    cwd: project,
    env: { PATH: process.env['PATH'] ?? '', REDIS_URL: redis.url },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  const ended = once(child, 'close').then(() => child.exitCode);
  await during(lines, ended);
  await end(child);
}

const TOLD = /fax-200"?,? ?(sent ok|.*"state":"sent","reason":"ok")/;

it.each([...topSnippets('.add('), ...snippetsIn(/^Put faxes in/)])('$title: the fax is watched', async (snippet) => {
  await running(snippet, async (_lines, ended) => {
    expect((await harness.event(200)).data).toMatchObject({
      state: 'sent',
      metadata: /metadata: \{ invoice: 'A-17'/.test(snippet.code) ? { invoice: 'A-17' } : {},
    });
    expect(await ended).toBe(0);
  });
});

it.each([...topSnippets('.subscribe('), ...snippetsIn(/^Get results out(: as they come)?$/)])(
  '$title: it is told of a fax that finishes',
  async (snippet) => {
    await running(snippet, async (lines) => {
      await harness.untilAsync(async () =>
        ((await harness.redis.pubsub('NUMSUB', 'fax:completed')) as [string, number])[1] > 1 ? true : undefined,
      );
      await harness.enqueue(200);
      await harness.until(() => lines.find((line) => TOLD.test(line)));
    });
  },
);

it.each(snippetsIn(/without missing one/))(
  '$title: it is told of a fax that finished before, and of the next',
  async (snippet) => {
    await harness.enqueue(200);
    await harness.event(200);
    await running(snippet, async (lines) => {
      await harness.until(() => lines.find((line) => TOLD.test(line)));
      await harness.enqueue(201);
      await harness.until(() => lines.find((line) => line.includes('fax-201 sent ok')));
    });
  },
);

it.each(snippetsIn(/Look one up/))('$title: it shows the result', async (snippet) => {
  await harness.enqueue(200);
  await harness.event(200);
  await running(snippet, async (lines, ended) => {
    expect(await ended).toBe(0);
    expect(lines.join('\n')).toMatch(/\bsent\b/);
  });
});

it('leaves out only what this machine cannot run', () => {
  const left = snippets
    .filter((snippet) => !commandFor(snippet, '6379'))
    .map(({ language, code }) => `${language} ${/bullmq|BullMQ|go-redis|exec/.exec(code)?.[0] ?? ''}`);
  const without = [...(PYTHON ? [] : ['python ']), ...(HAS_PHP_REDIS ? [] : ['php '])];
  expect(left.filter((what) => !without.includes(what) && !/^sh/.test(what)).sort()).toEqual([
    'go exec',
    'go go-redis',
    'php BullMQ',
    'python bullmq',
  ]);
});
