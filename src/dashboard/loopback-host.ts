import { isLoopback } from '../settings/loopback.ts';

const HOST = /^(?<name>\[[^\]]+\]|[^:[\]]+)(?::\d{1,5})?$/;

/**
 * Whether a request's `Host` names this machine: localhost, an address of 127.0.0.0/8 or [::1], on any port. A page of
 * another site whose name was made to lead here (DNS rebinding) is same-origin to a browser, but the name in `Host` is
 * still its own.
 */
export function isLoopbackHost(host: string | undefined): boolean {
  const name = HOST.exec(host ?? '')?.groups?.['name'];
  return name !== undefined && isLoopback(name.toLowerCase());
}
