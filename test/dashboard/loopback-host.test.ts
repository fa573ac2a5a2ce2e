import { expect, it } from '@jest/globals';
import { isLoopbackHost } from '../../src/dashboard/loopback-host.ts';

it.each([
  'localhost',
  'LocalHost',
  'localhost:3000',
  'localhost.', // the root label's dot, RFC 3986, 3.2.2
  'LocalHost.:3000',
  '127.0.0.1',
  '127.0.0.1:3000',
  '127.255.0.9:1',
  '[::1]',
  '[::1]:3000',
])('%j names this machine', (host) => {
  expect(isLoopbackHost(host)).toBe(true);
});

it.each([
  undefined,
  '',
  ' ',
  ':3000',
  'evil.example',
  'localhost.evil.example',
  '127.0.0.1.evil.example',
  'evil.example:127.0.0.1',
  '128.0.0.1',
  '10.0.0.1:3000',
  '0.0.0.0',
  '[::]',
  '[::2]:3000',
  '::1',
  '[::1',
  '[::1]x',
  'localhost:',
  'localhost..',
  '.',
  'evil.example.',
  'localhost:x',
  'a@localhost',
  'localhost,evil.example',
  'localhost evil.example',
  'localhost/evil.example',
])('%j does not', (host) => {
  expect(isLoopbackHost(host)).toBe(false);
});
