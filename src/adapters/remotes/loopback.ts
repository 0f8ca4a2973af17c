/**
 * True for this machine's own addresses and the name `localhost`. Names are not looked up: what a
 * resolver says must not decide whether a certificate is verified.
 *
 * @param hostname  without a port; an IPv6 address with or without its brackets
 */
export function isLoopback(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  return host === '::1' || host === 'localhost' || loopback4.test(host);
}

/** Written out: loading `node:net` for its `isIP` takes a command of the one executable 1 ms. */
const loopback4 = /^127(?:\.(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}$/;
