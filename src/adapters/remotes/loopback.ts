import { isIP } from 'node:net';

/**
 * True for this machine's own addresses and the name `localhost`. Names are not looked up: what a
 * resolver says must not decide whether a certificate is verified.
 *
 * @param hostname  without a port; an IPv6 address with or without its brackets
 */
export function isLoopback(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  if (isIP(host) === 4) return host.startsWith('127.');
  return host === '::1' || host === 'localhost';
}
