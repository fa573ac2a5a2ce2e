import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it } from '@jest/globals';
import { Harness } from '../support/harness.ts';
import { useRedis } from '../support/use-redis.ts';
import { ROOT } from '../support/worker-process.ts';

const redis = useRedis();

/** A copy of the project whose dist/ is what is in src/ now, so that nothing needs to be built. */
function projectFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'faxwatch-npm-'));
  cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  mkdirSync(join(folder, 'dist'));
  writeFileSync(join(folder, 'dist', 'cli.js'), `import ${JSON.stringify(join(ROOT, 'src', 'cli.ts'))};\n`);
  return folder;
}

const lives = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

it('npm start: when npm alone gets SIGTERM, the service stops as if it had got it itself', async () => {
  const harness = await Harness.start({ redisUrl: redis.url, run: false });
  const folder = projectFolder();
  const env = { PATH: process.env['PATH'] ?? '', HOME: folder, npm_config_update_notifier: 'false' };
  const npm = spawn('npm', ['start'], { cwd: folder, env: { ...env, ...harness.env, LOG_LEVEL: 'info' } });
  const exited = once(npm, 'exit');
  let pid = 0;
  let last = '';
  const lines = createInterface({ input: npm.stdout });
  const ended = once(lines, 'close');
  const started = new Promise<void>((resolve) => {
    lines.on('line', (line) => {
      if (!line.startsWith('{')) return;
      const { pid: from, msg } = JSON.parse(line) as { pid: number; msg: string };
      [pid, last] = [from, msg];
      if (msg === 'worker started') resolve();
    });
  });
  try {
    await started;
    npm.kill('SIGTERM');
    await exited;
    const late = new Promise((resolve) => setTimeout(resolve, 10_000).unref());
    await Promise.race([ended, late]); // the output of a service that is left running never ends
    expect([last, lives(pid)]).toEqual(['stopped', false]);
  } finally {
    if (pid > 0 && lives(pid)) process.kill(pid, 'SIGKILL');
    await harness.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
