import { createHash, createPublicKey, type KeyObject, randomBytes, sign } from 'node:crypto';
import { concatBytes, utf8 } from '../../base/index.ts';
import * as der from '../der/index.ts';

const daySeconds = 86_400;

/** What a self-signed certificate says. Issuer and subject are the one common name. */
export interface SelfSigned {
  /** ECDSA on any curve, or RSA. */
  readonly privateKey: KeyObject;
  readonly commonName: string;
  readonly notBefore: Date;
  readonly lifetimeDays: number;
  readonly extensions: readonly Uint8Array[];
}

/**
 * Signs a certificate with the key it is about: ECDSA with SHA-256, or RSA PKCS #1 v1.5 with
 * SHA-256. Instants are whole seconds.
 *
 * The few fields are written here rather than by a library: loading one costs a command of ours a
 * tenth of a second, and the bytes are meant to equal those of Go.
 *
 * @returns PEM with a newline at its end
 * @see RFC 5280, "Basic Certificate Fields"
 */
export function selfSign(certificate: SelfSigned): string {
  const { privateKey, ...content } = certificate;
  return issue({ ...content, publicKey: createPublicKey(privateKey) }, certificate);
}

/** What a certificate says of the key it is about. */
export interface CertificateContent extends Omit<SelfSigned, 'privateKey'> {
  readonly publicKey: KeyObject;
}

/** Signs a certificate in the name of an issuer, as {@link selfSign} does in its own. */
export function issue(
  content: CertificateContent,
  issuer: { readonly commonName: string; readonly privateKey: KeyObject },
): string {
  const algorithm = signatureAlgorithm(issuer.privateKey);
  const signed = contentOf(content, issuer.commonName, algorithm);
  const signature = der.bitString(sign('sha256', signed, issuer.privateKey));
  return pemOf(der.sequence(signed, algorithm, signature));
}

/**
 * Signs a certificate with a private key that is elsewhere, about itself.
 * @param signWith  gives r and s of an ECDSA signature with SHA-256, 32 bytes each
 */
export async function selfSignElsewhere(
  content: CertificateContent,
  signWith: (signed: Uint8Array) => Promise<Uint8Array>,
): Promise<string> {
  const algorithm = signatureAlgorithm(content.publicKey);
  const signed = contentOf(content, content.commonName, algorithm);
  const raw = await signWith(signed);
  const signature = der.sequence(der.integer(raw.subarray(0, 32)), der.integer(raw.subarray(32)));
  return pemOf(der.sequence(signed, algorithm, der.bitString(signature)));
}

function contentOf(content: CertificateContent, issuer: string, algorithm: Uint8Array): Uint8Array {
  const { notBefore, lifetimeDays } = content;
  const notAfter = new Date(notBefore.getTime() + lifetimeDays * daySeconds * 1000);
  return der.sequence(
    der.explicit(0, der.integer(2)),
    der.integer(serial()),
    algorithm,
    nameOf(issuer),
    der.sequence(der.instant(notBefore), der.instant(notAfter)),
    nameOf(content.commonName),
    content.publicKey.export({ format: 'der', type: 'spki' }),
    der.explicit(3, der.sequence(...content.extensions)),
  );
}

function nameOf(commonName: string): Uint8Array {
  return der.sequence(
    der.setOf(der.sequence(der.objectIdentifier('2.5.4.3'), der.text(commonName))),
  );
}

/**
 * One extension of a certificate.
 * @param oid       dotted
 * @param value     the extension's own DER
 * @param critical  whether who does not understand it must refuse the certificate
 */
export function extension(oid: string, value: Uint8Array, critical: boolean): Uint8Array {
  return der.sequence(
    der.objectIdentifier(oid),
    critical ? der.boolean(true) : new Uint8Array(),
    der.octetString(value),
  );
}

/** Basic constraints, critical: this certificate signs no other. */
export const notAuthority = extension('2.5.29.19', der.sequence(), true);

/** Basic constraints, critical: this certificate signs others, which sign none. */
export const authorityOfLeaves = extension(
  '2.5.29.19',
  der.sequence(der.boolean(true), der.integer(0)),
  true,
);

/** Key usage of an authority, critical: signs certificates and lists of revoked ones. */
export const signsCertificates = extension(
  '2.5.29.15',
  der.bitString(Uint8Array.of(0x06), 1),
  true,
);

/** Which key a certificate is about, and which key signed it: verifiers find the issuer by them. */
export function keyIdentifiers(subject: KeyObject, issuer: KeyObject): Uint8Array[] {
  return [
    extension('2.5.29.14', der.octetString(identifierOf(subject)), false),
    extension('2.5.29.35', der.sequence(der.implicit(0, identifierOf(issuer))), false),
  ];
}

/** Key usage, critical. */
export function keyUsage(...uses: readonly ('digitalSignature' | 'keyEncipherment')[]): Uint8Array {
  const [bits, unused] = uses.includes('keyEncipherment') ? [0xa0, 5] : [0x80, 7];
  return extension('2.5.29.15', der.bitString(Uint8Array.of(bits), unused), true);
}

const purposes = { serverAuth: 1, clientAuth: 2, codeSigning: 3 } as const;

/** Extended key usage: one purpose, by its last number under 1.3.6.1.5.5.7.3. */
export function purpose(name: keyof typeof purposes): Uint8Array {
  const oid = `1.3.6.1.5.5.7.3.${purposes[name]}`;
  return extension('2.5.29.37', der.sequence(der.objectIdentifier(oid)), false);
}

function identifierOf(key: KeyObject): Uint8Array {
  const spki = key.export({ format: 'der', type: 'spki' });
  return createHash('sha256').update(spki).digest().subarray(0, 20);
}

function signatureAlgorithm(key: KeyObject): Uint8Array {
  switch (key.asymmetricKeyType) {
    case 'ec':
      return der.sequence(der.objectIdentifier('1.2.840.10045.4.3.2'));
    case 'rsa':
      return der.sequence(der.objectIdentifier('1.2.840.113549.1.1.11'), utf8('\x05\x00'));
    default:
      throw new TypeError('a certificate needs an ECDSA or an RSA key');
  }
}

/** 127 random bits of which the highest is set: positive, and always of one length. */
function serial(): Uint8Array {
  const [first = 0, ...rest] = randomBytes(16);
  return concatBytes(Uint8Array.of((first & 0x3f) | 0x40), Uint8Array.from(rest));
}

function pemOf(bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}
