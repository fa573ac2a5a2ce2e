import type { Fault } from './answer.ts';

const WORDS: Readonly<Record<Exclude<Fault, `http_${number}`>, string>> = {
  redirect: 'redirect',
  timeout: 'time-out',
  connection: 'connection refused or reset',
  tls: 'certificate or TLS',
  dns: 'DNS: host name not found',
  not_json: 'answer that is not JSON',
  wrong_shape: 'JSON without the fields of a status',
  too_large: 'answer over 64 KiB',
};

/** A fault in a few plain words, for alerts and logs. */
export function faultWords(fault: Fault): string {
  return fault in WORDS ? WORDS[fault as keyof typeof WORDS] : fault.replace('http_', 'HTTP ');
}
