import { X509Certificate } from 'node:crypto';
import type { PeerCertificate } from 'node:tls';
import type { Caller } from '../../signer/index.ts';

/**
 * Who calls.
 * @param peer  the certificate that TLS verified
 * @throws TypeError when there is none: TLS was not mutual, which is a mistake of ours
 */
export function callerOf(peer: PeerCertificate | undefined): Caller {
  if (!peer?.raw) throw new TypeError('a caller without a certificate');
  const certificate = new X509Certificate(peer.raw);
  const { CN } = peer.subject;
  return {
    fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    // Several common names are none: nobody could say which of them was meant.
    commonName: typeof CN === 'string' ? CN : '',
    names: alternativeNames(certificate.subjectAltName ?? ''),
    endsAt: certificate.validToDate,
  };
}

/** A name with a comma is quoted by Node, and is none that we would grant anything to. */
function alternativeNames(text: string): string[] {
  return text.split(', ').flatMap((name) => /^(?:DNS|IP Address):([^"]+)$/.exec(name)?.[1] ?? []);
}
