import { spawnSync } from 'node:child_process';

/** Debian's package `prometheus` has both. */
export const HAS_PROMETHEUS = ['prometheus', 'promtool'].every(
  (command) => spawnSync(command, ['--version']).status === 0,
);
