import type { KeyObject } from 'node:crypto';
import { keyUsage, notAuthority, purpose, selfSign, selfSignElsewhere } from './self-signed.ts';

const lifetimeDays = 10 * 365;

export interface RootCertificateRequest {
  /** The root key itself: ECDSA, or RSA of 2048 bits and more. */
  readonly privateKey: KeyObject;
  /** The repository's full name; it becomes the common name, which clients compare. */
  readonly gun: string;
  readonly now: Date;
}

/**
 * The certificate that carries a root key in root.json: self-signed, common name the GUN, for code
 * signing, not a CA, ten years. Docker and notary refuse a root key that is not in one.
 *
 * @returns PEM; its bytes are the key's `public` value in root metadata
 * @see notary 0.7.0, cryptoservice/certificate.go and tuf/utils/x509.go NewCertificate
 */
export function makeRootCertificate(request: RootCertificateRequest): string {
  const { privateKey } = request;
  return selfSign({ privateKey, ...contentFor(request) });
}

/** The same for an ECDSA key whose private half is elsewhere, such as on a token. */
export function makeRootCertificateElsewhere(
  request: Omit<RootCertificateRequest, 'privateKey'> & { readonly publicKey: KeyObject },
  signWith: (signed: Uint8Array) => Promise<Uint8Array>,
): Promise<string> {
  const { publicKey } = request;
  return selfSignElsewhere({ publicKey, ...contentFor(request) }, signWith);
}

function contentFor({ gun, now }: Pick<RootCertificateRequest, 'gun' | 'now'>) {
  return {
    commonName: gun,
    notBefore: now,
    lifetimeDays,
    extensions: [
      keyUsage('digitalSignature', 'keyEncipherment'),
      purpose('codeSigning'),
      notAuthority,
    ],
  };
}
