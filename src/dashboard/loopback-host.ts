import { isLoopback } from '../settings/loopback.ts';

const HOST = /^(?<name>\[[^\]]+\]|[^:[\]]+)(?::\d{1,5})?$/;

/**
 * Whether a request's `Host` names this machine: localhost (with or without the final dot of an absolute name), an
 * address of 127.0.0.0/8 or [::1], on any port. A page of another site whose name resolves to this machine (DNS
 * rebinding) is same-origin to a browser, but `Host` still has the name of that site.
 */
export function isLoopbackHost(host: string | undefined): boolean {
  const name = HOST.exec(host ?? '')?.groups?.['name'];
  return name !== undefined && isLoopback(name.toLowerCase().replace(/^localhost\.$/, 'localhost'));
}
