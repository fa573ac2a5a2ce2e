import { expect, it } from '@jest/globals';
import { demoFaxes } from '../../src/cli/demo-faxes.ts';
import { runOnTerminal } from '../support/terminal.ts';
import { run } from '../support/worker-process.ts';

it('the demo runs the main job from end to end on the embedded Redis, and ends by itself with exit 0', async () => {
  const { code, output } = await run(['demo']);
  expect(output).toMatch(/^overview: +http:\/\/127\.0\.0\.1:\d+\/$/m);
  for (const { id } of demoFaxes()) expect(output).toMatch(new RegExp(`^\\S+ +(sent|failed) +${id} `, 'm'));
  expect(output).toMatch(/ALERT fax\.alert\.rate_limited:/);
  expect(output).toMatch(/ALERT fax\.alert\.unrecognised_message:/);
  for (const row of [
    'busy',
    'no_answer',
    'file_error',
    'hangup',
    'found late by',
    'polls alone',
    'with the list',
    'with callbacks',
    'One 403 is scripted',
    'One job had wrong data',
    'demo --keep',
  ])
    expect(output).toContain(row);
  expect(code).toBe(0);
}, 70_000);

it('Ctrl-C in the demo ends it at once, and leaves the terminal as it was', async () => {
  let typed = false;
  const { code, raw } = await runOnTerminal(['demo'], {}, (so, type) => {
    if (typed || !/1 of \d+ finished/.test(so)) return;
    typed = true;
    type('\x03');
  });
  expect(code).toBe(130);
  for (const [off, on] of [
    ['\x1b[?25l', '\x1b[?25h'], // the cursor
    ['\x1b[?7l', '\x1b[?7h'], // lines that wrap
  ] as const)
    expect(raw.lastIndexOf(on)).toBeGreaterThanOrEqual(raw.lastIndexOf(off));
  expect(raw.lastIndexOf('\x1b[?25h')).toBeGreaterThan(0);
}, 30_000);
