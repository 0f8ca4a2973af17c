import { X509Certificate } from 'node:crypto';
import type { MemberRequest } from './mutual-tls.ts';

/** What a certificate of a signer's authority says. */
export interface Member extends Omit<MemberRequest, 'use' | 'now' | 'lifetimeDays'> {
  readonly use: MemberRequest['use'] | 'authority';
  readonly endsAt: Date;
  /** SHA-256 of the certificate, 64 lowercase hex digits: as grants name it. */
  readonly fingerprint: string;
}

const serverAuth = '1.3.6.1.5.5.7.3.1';

/** @throws Error when it is no certificate */
export function readMember(pem: string): Member {
  const certificate = new X509Certificate(pem);
  // Node names the extended usage so.
  const usage: readonly string[] = certificate.keyUsage ?? [];
  return {
    commonName: /^CN=(.*)$/m.exec(certificate.subject)?.[1] ?? '',
    use: certificate.ca ? 'authority' : usage.includes(serverAuth) ? 'serverAuth' : 'clientAuth',
    hosts: hostsIn(certificate.subjectAltName ?? ''),
    endsAt: certificate.validToDate,
    fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
  };
}

function hostsIn(text: string): string[] {
  return text.split(', ').flatMap((name) => /^(?:DNS|IP Address):([^"]+)$/.exec(name)?.[1] ?? []);
}
