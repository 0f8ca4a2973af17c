import type { X509Certificate } from 'node:crypto';
import { dayMs, isStoreError } from '../base/index.ts';
import { tufError } from './errors.ts';
import type { Gun } from './gun.ts';
import { type KeyId, materialOf, type PublicKey } from './key.ts';
import type { Authority, MetadataFile, Root } from './metadata.ts';
import { authorityOf } from './verify-file.ts';

/**
 * The root keys that count for this GUN: a bare key, or one whose certificate breaks a rule, is
 * passed over. The rules: exactly one certificate that is not a CA's, and it stands first; its
 * common name is the GUN, or ends in `*` after a prefix of the GUN; no SHA-1; RSA of 2048 bits or
 * more; valid now, with one day's grace before its beginning.
 *
 * @param now  undefined to leave the dates aside: a root that was trusted while its certificate
 *             was valid still says who signs the next one
 * @throws StoreError when no key is left, by what failed last: TUF_ROOT_CERTIFICATE_INVALID,
 *         TUF_ROOT_CERTIFICATE_NAME, TUF_ROOT_CERTIFICATE_EXPIRED
 * @see notary 0.7.0 trustpinning/certs.go validRootLeafCerts, tuf/utils/x509.go ValidateCertificate
 */
export function rootAuthorityOf(
  root: MetadataFile<Root>,
  gun: Gun,
  now: Date | undefined,
): Authority {
  const { role, keys, threshold } = authorityOf(root.signed, 'root');
  const counting = new Map<KeyId, PublicKey>();
  const problems: Problem[] = [];
  for (const [id, key] of keys) {
    const problem = problemOf(key, gun, now);
    if (problem) problems.push(problem);
    else counting.set(id, key);
  }
  if (counting.size === 0) throw noneCounts(gun, problems);
  return { role, keys: counting, threshold };
}

/**
 * The leaf certificate of a key in a certificate; undefined for a bare key.
 * @throws StoreError TUF_KEY_INVALID
 */
export function leafCertificateOf(key: PublicKey): X509Certificate | undefined {
  return materialOf(key).certificates[0];
}

/** Leaf first; none for a bare key. @throws StoreError TUF_KEY_INVALID */
export function certificatesOf(key: PublicKey): readonly X509Certificate[] {
  return materialOf(key).certificates;
}

type Problem =
  | { readonly step: 'invalid'; readonly reason: string }
  | { readonly step: 'name'; readonly name: string }
  | { readonly step: 'expired'; readonly validFrom: string; readonly validTo: string };

function problemOf(key: PublicKey, gun: Gun, now: Date | undefined): Problem | undefined {
  let certificates: readonly X509Certificate[];
  try {
    certificates = materialOf(key).certificates;
  } catch (error) {
    if (!isStoreError(error)) throw error;
    return { step: 'invalid', reason: error.message };
  }
  if (!certificates[0]) return { step: 'invalid', reason: 'a bare key has no certificate' };
  const { flaw, name, from, to } = leafOf(certificates);
  if (flaw) return { step: 'invalid', reason: flaw };
  if (name === undefined || !fitsGun(name, gun)) return { step: 'name', name: name ?? 'none' };
  return now && !isValidAt(from, to, now)
    ? { step: 'expired', validFrom: iso(from), validTo: iso(to) }
    : undefined;
}

/** What certificates say whatever the GUN and the time. */
interface Leaf {
  readonly flaw: string | undefined;
  readonly name: string | undefined;
  readonly from: Date;
  readonly to: Date;
}

const leaves = new WeakMap<readonly X509Certificate[], Leaf>();

/** It is read once: that costs more than a signature, and a published root is asked at every update. */
function leafOf(certificates: readonly X509Certificate[]): Leaf {
  const known = leaves.get(certificates);
  if (known) return known;
  const [leaf, ...others] = certificates as [X509Certificate, ...X509Certificate[]];
  const flaw = flawOf(leaf, others);
  const name = flaw === undefined ? commonNameOf(leaf) : undefined;
  const read = { flaw, name, from: leaf.validFromDate, to: leaf.validToDate };
  leaves.set(certificates, read);
  return read;
}

function flawOf(leaf: X509Certificate, others: readonly X509Certificate[]): string | undefined {
  if (leaf.ca) return 'the first certificate is of a CA';
  if (others.some((certificate) => !certificate.ca)) return 'there are two leaf certificates';
  const weak = weakSignatureOf(leaf);
  if (weak !== undefined) return `it is signed with ${weak}`;
  const [from, to] = [leaf.validFromDate.getTime(), leaf.validToDate.getTime()];
  if (Number.isNaN(from) || Number.isNaN(to)) return 'its dates cannot be read';
  return from > to ? 'it ends before it begins' : undefined;
}

/** What a certificate is signed with, when that can be forged, or nobody knows whether it can. */
export function weakSignatureOf({ signatureAlgorithm }: X509Certificate): string | undefined {
  if (signatureAlgorithm === undefined) return 'an unknown algorithm';
  return /sha-?1$|sha1|md[245]/i.test(signatureAlgorithm) ? signatureAlgorithm : undefined;
}

/** One name or none: a certificate with two common names means what its reader likes. */
function commonNameOf(certificate: X509Certificate): string | undefined {
  const name: unknown = certificate.toLegacyObject().subject?.CN;
  return typeof name === 'string' ? name : undefined;
}

function fitsGun(name: string, gun: Gun): boolean {
  return name.endsWith('*') ? gun.startsWith(name.replace(/\*+$/, '')) : name === gun;
}

function isValidAt(from: Date, to: Date, now: Date): boolean {
  return from.getTime() <= now.getTime() + dayMs && now <= to;
}

function noneCounts(gun: Gun, problems: readonly Problem[]) {
  const expired = problems.find((problem) => problem.step === 'expired');
  if (expired) {
    const { validFrom, validTo } = expired;
    return tufError('TUF_ROOT_CERTIFICATE_EXPIRED', { gun, validFrom, validTo });
  }
  const names = problems.flatMap((problem) => (problem.step === 'name' ? [problem.name] : []));
  if (names.length > 0) return tufError('TUF_ROOT_CERTIFICATE_NAME', { gun, names });
  const flaw = problems.find((problem) => problem.step === 'invalid');
  return tufError('TUF_ROOT_CERTIFICATE_INVALID', {
    gun,
    reason: flaw?.reason ?? 'it has no root key',
  });
}

function iso(at: Date): string {
  return at.toISOString();
}
