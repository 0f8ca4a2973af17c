import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { concatBytes, fromHex } from '../base/index.ts';
import { tufError } from './errors.ts';

/** What a key's bytes hold once they are understood. */
export interface KeyMaterial {
  readonly key: KeyObject;
  /** Leaf first, then the others in their order; empty for a bare key. */
  readonly certificates: readonly X509Certificate[];
  /** True for an `rsa` key written as PEM, which only `pycrypto-pkcs#1 pss` signatures have. */
  readonly pem: boolean;
}

/** Below this, RSA signatures do not count. @see notary 0.7.0 const.go MinRSABitSize */
const leastRsaBits = 2048;
const ed25519Prefix = fromHex('302a300506032b6570032100') as Uint8Array;
const curves = new Set(['prime256v1', 'secp384r1', 'secp521r1', 'secp224r1']);
const certificatePem = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;
const mostCertificates = 16;

/**
 * @throws StoreError TUF_KEY_INVALID when these bytes are no key of this type, or a weak one
 * @see notary-v1 key types; notary 0.7.0 tuf/utils/x509.go
 */
export function readKeyMaterial(keyType: string, bytes: Uint8Array): KeyMaterial {
  switch (keyType) {
    case 'ecdsa':
      return { key: requireEcdsa(readSpki(bytes)), certificates: [], pem: false };
    case 'rsa':
      return readRsa(bytes);
    case 'ed25519':
      return readEd25519(bytes);
    case 'ecdsa-x509':
      return readBundle(bytes, requireEcdsa);
    case 'rsa-x509':
      return readBundle(bytes, requireRsa);
    default:
      throw invalid(`its type "${keyType.slice(0, 40)}" is unknown`);
  }
}

function readSpki(bytes: Uint8Array): KeyObject {
  try {
    return createPublicKey({ key: Buffer.from(bytes), format: 'der', type: 'spki' });
  } catch (cause) {
    throw invalid('it is not a DER SubjectPublicKeyInfo', cause);
  }
}

function readRsa(bytes: Uint8Array): KeyMaterial {
  const text = Buffer.from(bytes).toString('latin1');
  if (!text.startsWith('-----BEGIN')) {
    return { key: requireRsa(readSpki(bytes)), certificates: [], pem: false };
  }
  if (!text.startsWith('-----BEGIN PUBLIC KEY-----')) throw invalid('its PEM is no public key');
  try {
    return { key: requireRsa(createPublicKey(text)), certificates: [], pem: true };
  } catch (cause) {
    throw invalid('its PEM cannot be read, or its key is weak', cause);
  }
}

function readEd25519(bytes: Uint8Array): KeyMaterial {
  if (bytes.length !== 32) throw invalid('an ed25519 key has 32 bytes');
  return { key: readSpki(concatBytes(ed25519Prefix, bytes)), certificates: [], pem: false };
}

function readBundle(bytes: Uint8Array, require: (key: KeyObject) => KeyObject): KeyMaterial {
  const blocks = Buffer.from(bytes).toString('latin1').match(certificatePem) ?? [];
  if (blocks.length > mostCertificates) throw invalid('it bundles too many certificates');
  const certificates = blocks.map(readCertificate);
  const [leaf] = certificates;
  if (!leaf) throw invalid('it holds no PEM certificate');
  return { key: require(publicKeyOf(leaf)), certificates, pem: false };
}

function readCertificate(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw invalid('one of its certificates cannot be read', cause);
  }
}

function publicKeyOf(certificate: X509Certificate): KeyObject {
  try {
    return certificate.publicKey;
  } catch (cause) {
    throw invalid('the key of its certificate cannot be read', cause);
  }
}

function requireEcdsa(key: KeyObject): KeyObject {
  const curve = key.asymmetricKeyDetails?.namedCurve ?? '';
  if (key.asymmetricKeyType !== 'ec' || !curves.has(curve)) {
    throw invalid('it is not an ECDSA key on a NIST curve');
  }
  return key;
}

function requireRsa(key: KeyObject): KeyObject {
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (key.asymmetricKeyType !== 'rsa') throw invalid('it is not an RSA key');
  if (bits < leastRsaBits) throw invalid(`RSA with ${bits} bits is weak; use ${leastRsaBits}`);
  return key;
}

function invalid(reason: string, cause?: unknown) {
  return tufError('TUF_KEY_INVALID', { reason }, cause);
}
