import { isLoopback } from './loopback.ts';

/**
 * Whether whoever fetches on behalf of others goes where a registry sends them: to itself, or over TLS
 * to a host with a public name. The registry writes the address, not we: it must not be one that only
 * this machine or this network reaches, unless the registry lies there too. Names are not looked up; what a
 * resolver says may be another thing a moment later.
 */
export function leadsOutside(from: URL, to: URL): boolean {
  if (to.origin === from.origin) return true;
  if (isLoopback(from.hostname)) return true;
  if (to.protocol !== 'https:' || to.username !== '' || isLoopback(to.hostname)) return false;
  return isLocal(from.hostname) || !isLocal(to.hostname);
}

/** As a URL writes them: four numbers, or some between colons. */
const isAddress = /^\d+(?:\.\d+){3}$|:/;

/** An address, or a name without a public ending. */
function isLocal(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  return (
    isAddress.test(host) || !host.includes('.') || /\.(?:local|internal|localhost)$/.test(host)
  );
}
