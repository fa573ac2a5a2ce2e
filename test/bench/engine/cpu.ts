import { readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100; // of /proc/<pid>/stat: sysconf(_SC_CLK_TCK)

/** CPU time that a process has used so far, seconds. */
export function cpuSeconds(pid = 0): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
