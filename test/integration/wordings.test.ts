import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from '@jest/globals';
import { Harness } from '../support/harness.ts';
import { useRedis } from '../support/use-redis.ts';

// Every wording rule of contract §2 through the whole service.

const redis = useRedis();
let harness: Harness;
afterEach(() => harness.stop());

it('each final wording gives its result', async () => {
  harness = await Harness.start({ redisUrl: redis.url });
  const wordings: [status: string, message: string, state: string, reason: string][] = [
    ['success', 'Sent! Fax Has Been Answered.', 'sent', 'ok'],
    ['success', 'Success! Your fax has been sent.', 'sent', 'ok'],
    ['success', 'Fax has been delivered', 'sent', 'ok'],
    ['SUCCESS', '  sent  ', 'sent', 'ok'],
    ['failed', 'No Answer', 'failed', 'no_answer'],
    ['failed', 'Fax Failed: Busy', 'failed', 'busy'],
    ['success', 'Fax Failed. File conversion', 'failed', 'file_error'],
    ['success', 'FAX FAILED - HANGUP', 'failed', 'hangup'],
    ['failed', 'Something else', 'failed', 'unknown'],
    ['failed', 'Sent!', 'failed', 'unknown'],
  ];
  for (const [i, [status, message]] of wordings.entries()) {
    harness.simulator.send(i + 1, {
      then: [{ afterMs: 0, answer: { body: { status, message, user_cash_balance: 1 } } }],
    });
    await harness.enqueue(i + 1);
  }
  for (const [i, [apiStatus, message, state, reason]] of wordings.entries()) {
    expect((await harness.event(i + 1)).data).toMatchObject({ state, reason, apiStatus, message, polls: 1 });
  }
  expect(harness.alerts).toEqual([]);
});

it('each pending wording is polled again, and no alert is raised', async () => {
  harness = await Harness.start({ redisUrl: redis.url });
  const statuses = ['executed', 'queued', 'pending', 'processing', 'sending'].map((status) => [status, 'Success']);
  const messages = [
    'Being sent',
    'Sending',
    'In progress',
    'Queued',
    'Processing',
    'Dialing',
    'Converting',
    'Retrying',
    'Pending',
  ].map((m) => ['success', `Success: ${m}!`]);
  const wordings = [...statuses, ...messages];
  for (const [i, [status, message]] of wordings.entries()) {
    const pending = { body: { status, message, user_cash_balance: 1 } };
    harness.simulator.send(i + 1, {
      first: [pending],
      then: [{ afterMs: 0, answer: { body: { status: 'success', message: 'Sent' } } }],
    });
    await harness.enqueue(i + 1);
  }
  for (const i of wordings.keys()) expect((await harness.event(i + 1)).data).toMatchObject({ state: 'sent', polls: 2 });
  expect(harness.alerts).toEqual([]);
});

it('a rule that an operator adds ends the alert of its wording at the next start', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'faxwatch-')), 'rules.json');
  writeFileSync(file, '[]');
  harness = await Harness.start({
    redisUrl: redis.url,
    env: { CLASSIFICATION_FILE: file, POLL_MIN_INTERVAL_MS: '100' },
  });
  harness.simulator.override({ body: { status: 'success', message: 'Delivered to machine', user_cash_balance: 1 } });
  await harness.enqueue(7);
  expect((await harness.alert('fax.alert.unrecognised_message')).data.wording).toBe('success: Delivered to machine');
  expect(await harness.result(7)).toEqual({});
  writeFileSync(
    file,
    JSON.stringify([{ verdict: 'sent', anyOf: [{ status: ['success'], messageStartsWith: ['Delivered'] }] }]),
  );
  await harness.restart();
  await harness.alert('fax.alert.unrecognised_message.resolved');
  expect((await harness.event(7)).data).toMatchObject({ state: 'sent', message: 'Delivered to machine' });
});
