/**
 * Builds the package `faxwatch-client` into dist/faxwatch-client, as an ES module and as CommonJS, with its own
 * package.json: the client runs in other people's services, so it contains only what it imports. Run from the root of
 * the repository (`npm run build:client`). JavaScript, so that tsc leaves this file out of the package and of dist/.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

const OUT = join('dist', 'faxwatch-client');
// For TypeScript, "bundler" only means that imports resolve as the package's sources write them.
const COMMONJS = ['--module', 'commonjs', '--moduleResolution', 'bundler', '--verbatimModuleSyntax', 'false'];

const compile = (folder, ...options) =>
  execFileSync(
    process.execPath,
    ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.client.json', '--outDir', join(OUT, folder), ...options],
    { stdio: 'inherit' },
  );
const write = (path, value) => writeFileSync(join(OUT, path), `${JSON.stringify(value, null, 2)}\n`);

rmSync(OUT, { recursive: true, force: true });
compile('esm');
compile('cjs', ...COMMONJS);
write('cjs/package.json', { type: 'commonjs' });
write('package.json', manifest(JSON.parse(readFileSync('package.json', 'utf8'))));
copyFileSync('src/client/README.md', join(OUT, 'README.md'));
for (const file of ['LICENSE', 'CHANGELOG.md']) copyFileSync(file, join(OUT, file));

function manifest({ version, license, dependencies }) {
  const entry = (folder) => ({ types: `./${folder}/index.d.ts`, default: `./${folder}/index.js` });
  return {
    name: 'faxwatch-client',
    version,
    description: 'Client of Faxwatch: track faxes sent through Fax.to, and learn how they ended',
    license,
    type: 'module',
    engines: { node: '>=20.3' },
    // For tools that read no "exports", such as TypeScript's moduleResolution node10.
    main: entry('cjs').default,
    types: entry('cjs').types,
    exports: { '.': { import: entry('esm'), require: entry('cjs') }, './package.json': './package.json' },
    files: ['esm', 'cjs', 'CHANGELOG.md'],
    dependencies: Object.fromEntries(['bullmq', 'ioredis', 'zod'].map((name) => [name, upwards(dependencies[name])])),
  };
}

/** The service pins what it relies on beyond an interface; the client needs the interface alone. */
function upwards(range) {
  return `^${range.replace('^', '')}`;
}
