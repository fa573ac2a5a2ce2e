import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { loadSettings } from '../../src/settings/load.ts';
import { SettingsError } from '../../src/settings/settings-error.ts';
import { ROOT } from '../support/worker-process.ts';

const UNIT = join(ROOT, 'config', 'systemd', 'faxwatch.service');
const analyzer = spawnSync('systemd-analyze', ['--version']).status === 0;

(analyzer ? it : it.skip)('systemd finds nothing wrong in the unit', () => {
  const { status, stderr } = spawnSync('systemd-analyze', ['verify', UNIT], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
});

it('the unit leaves the service the time that it takes to end, and does not restart it over a wrong setting', () => {
  const unit = readFileSync(UNIT, 'utf8');
  const seconds = Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1]);
  expect(seconds * 1000).toBeGreaterThan(loadSettings({}, false).SHUTDOWN_TIMEOUT_MS);
  expect(unit).toMatch(new RegExp(`^RestartPreventExitStatus=${new SettingsError([]).exitCode}$`, 'm'));
});
