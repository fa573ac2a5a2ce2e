import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

// A status API as quick as can be: each answer after 1 ms; a fax is final at its FINAL_AT-th poll. It tells on standard
// output how many seconds passed between a fifth and all of FAXES × FINAL_AT answers.

const FINAL_AT = Number(process.env['FINAL_AT']);
const TOTAL = Number(process.env['FAXES']) * FINAL_AT;
const LATENCY_MS = 1;
const PENDING = '{"status":"executed","message":"Fax is being sent","user_cash_balance":100.2}';
const SENT = '{"status":"success","message":"Sent! Fax Has Been Answered.","user_cash_balance":100.2}';

const polls = new Map<string, number>();
let [answers, started] = [0, 0];
const server = createServer((request, response) => {
  const id = request.url?.split('/')[2] ?? '';
  const count = (polls.get(id) ?? 0) + 1;
  polls.set(id, count);
  setTimeout(() => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(count < FINAL_AT ? PENDING : SENT);
    answers += 1;
    if (answers === Math.round(TOTAL / 5)) started = performance.now();
    if (answers === TOTAL) process.stdout.write(`${(performance.now() - started) / 1000}\n`);
  }, LATENCY_MS);
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () =>
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`),
);
