import { X509Certificate } from 'node:crypto';
import { isStoreError } from '../base/index.ts';
import type { PublicKey } from './key.ts';
import { certificatesOf, weakSignatureOf } from './root-certificate.ts';

/**
 * Whether one of these authorities issued the leaf certificate of a key, itself or by authorities that stand
 * beside the leaf. Every one of them must be an authority, valid now, and must have signed the one below,
 * not with SHA-1 or weaker: then anybody could have.
 *
 * @param authorities  PEM, one certificate each
 * @see notary 0.7.0 trustpinning/ca.go; notary-v1 trust pinning
 */
export function isIssuedBy(key: PublicKey, authorities: readonly string[], now: Date): boolean {
  if (authorities.length === 0) return false;
  const [leaf, ...between] = chainOf(key);
  const trusted = authorities.map((pem) => new X509Certificate(pem));
  if (!leaf) return false;
  const tried = new Set<X509Certificate>();
  const leads = (certificate: X509Certificate): boolean => {
    if (tried.has(certificate)) return false;
    tried.add(certificate);
    const issued = (issuer: X509Certificate) => isIssuer(issuer, certificate, now);
    return trusted.some(issued) || between.filter(issued).some(leads);
  };
  return leads(leaf);
}

function isIssuer(issuer: X509Certificate, certificate: X509Certificate, now: Date): boolean {
  const isNow = issuer.validFromDate <= now && now <= issuer.validToDate;
  if (!issuer.ca || !isNow || weakSignatureOf(certificate) !== undefined) return false;
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function chainOf(key: PublicKey): readonly X509Certificate[] {
  try {
    return certificatesOf(key);
  } catch (error) {
    if (!isStoreError(error)) throw error;
    return [];
  }
}
