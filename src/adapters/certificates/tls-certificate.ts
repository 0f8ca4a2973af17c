import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { dayMs, Secret, utf8 } from '../../base/index.ts';
import * as der from '../der/index.ts';
import { extension, keyUsage, notAuthority, purpose, selfSign } from './self-signed.ts';

const lifetimeDays = 10 * 365;
const clockSkewMs = 3_600_000;
const renewBeforeMs = 30 * dayMs;
const alwaysNamed = ['localhost', '127.0.0.1', '::1'];

export interface TlsCertificateRequest {
  /** Names and addresses the server is reached by, beside the loopback ones; no ports, no brackets. */
  readonly hosts: readonly string[];
  readonly now: Date;
}

/** A certificate and its key, both PEM, as `node:https` takes them. */
export interface TlsCertificate {
  readonly certificate: string;
  readonly privateKey: Secret;
}

/**
 * Makes the certificate of a store that was given none: P-256, server authentication, not a CA, and
 * yet usable as its own trust root (`--cacert`, `certs.d/ca.crt`): OpenSSL, Node and Go all accept
 * a self-signed leaf that is itself in the trusted set. It is no CA so that its key, which lies
 * on the server, can vouch for nothing but these names.
 *
 * Ten years: nobody trusts it who did not copy it by hand, so a short life protects no one and
 * would cut off every client at once. Who wants short lives has a CA, and gives its certificate.
 *
 * Unspecified addresses (`0.0.0.0`, `::`) name no host and are left out.
 */
export function makeTlsCertificate(request: TlsCertificateRequest): TlsCertificate {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const hosts = namedHosts(request);
  const certificate = selfSign({
    privateKey,
    commonName: 'Countermark',
    // Clocks of clients are not ours; an hour is what most of them are wrong by at worst.
    notBefore: new Date(request.now.getTime() - clockSkewMs),
    lifetimeDays,
    extensions: [
      keyUsage('digitalSignature'),
      purpose('serverAuth'),
      notAuthority,
      alternativeNames(hosts),
    ],
  });
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  return { certificate, privateKey: new Secret(pem) };
}

/** False when the certificate lacks one of the hosts or ends within thirty days: make a new one. */
export function isTlsCertificateUsable(pem: string, request: TlsCertificateRequest): boolean {
  const certificate = new X509Certificate(pem);
  const endsAt = certificate.validToDate.getTime();
  if (request.now.getTime() + renewBeforeMs > endsAt) return false;
  return namedHosts(request).every((host) =>
    isIP(host) === 0
      ? certificate.checkHost(host) !== undefined
      : certificate.checkIP(host) !== undefined,
  );
}

function namedHosts(request: TlsCertificateRequest): string[] {
  const named = request.hosts.filter((host) => host !== '0.0.0.0' && host !== '::');
  return [...new Set([...alwaysNamed, ...named])];
}

/** Subject alternative names: what a certificate answers for. */
export function alternativeNames(hosts: readonly string[]): Uint8Array {
  return extension('2.5.29.17', der.sequence(...hosts.map(alternativeName)), false);
}

/** @see RFC 5280, "Subject Alternative Name": dNSName is [2], iPAddress is [7] */
function alternativeName(host: string): Uint8Array {
  switch (isIP(host)) {
    case 4:
      return der.implicit(7, Uint8Array.from(host.split('.').map(Number)));
    case 6:
      return der.implicit(7, ip6Bytes(host));
    default:
      return der.implicit(2, utf8(host));
  }
}

function ip6Bytes(host: string): Uint8Array {
  // The URL parser knows every spelling and gives one back, in which only `::` is left to expand.
  const normal = new URL(`http://[${host}]`).hostname.slice(1, -1);
  const [head = [], tail = []] = normal.split('::').map((half) => half.split(':').filter(Boolean));
  const groups = [...head, ...Array(8 - head.length - tail.length).fill('0'), ...tail];
  return Uint8Array.from(groups.map((group) => Number.parseInt(group, 16)).flatMap(bigEndian));
}

function bigEndian(group: number): [number, number] {
  return [group >> 8, group & 0xff];
}
