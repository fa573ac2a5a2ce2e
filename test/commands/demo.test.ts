import { expect, it } from '@jest/globals';
import { demoFaxes } from '../../src/cli/demo-faxes.ts';
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
