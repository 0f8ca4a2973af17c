import { constants, type KeyObject, sign, verify } from 'node:crypto';
import { ecdsaFits, ecdsaSign } from './ecdsa-signature.ts';
import { tufError } from './errors.ts';
import { type KeyId, materialOf, type PublicKey } from './key.ts';

/** One entry of an envelope's `signatures`. */
export interface Signature {
  /** TUF id of the key that is said to have made it. */
  readonly keyId: KeyId;
  /** Lower case, e.g. `ecdsa`; a stranger's word until it is verified. */
  readonly method: string;
  /** ECDSA: raw r and s, each as wide as the curve. RSA: PSS. Ed25519: 64 bytes. */
  readonly bytes: Uint8Array;
}

/**
 * Somebody who can sign with one key, wherever that key lies.
 * `sign` is given the whole payload, not a hash of it, and answers in the encoding above.
 */
export interface Signer {
  readonly key: PublicKey;
  /** True where what it answers was verified already, or follows from what was. */
  readonly verifies?: boolean;
  sign(payload: Uint8Array): Promise<Signature>;
}

/**
 * @param payload  the canonical JSON of `signed`
 * @returns        the signature, verified
 * @throws StoreError TUF_SIGNATURE_INVALID when it is not by this key over this payload, when its
 *         method is unknown or not of the key's type, when the key cannot be used
 * @see notary 0.7.0 tuf/signed/verifiers.go
 */
export function verifySignature(
  key: PublicKey,
  signature: Signature,
  payload: Uint8Array,
): Signature {
  const reason = whyUnfit(key, signature, payload);
  if (reason) throw tufError('TUF_SIGNATURE_INVALID', { keyId: signature.keyId, reason });
  return signature;
}

/**
 * The signer of a private key that is in this process. Its first signature is verified: that shows
 * that the two halves belong together, and then the one makes what the other accepts.
 *
 * @param key  its public half: bare, or in a certificate
 */
export function localSigner(key: PublicKey, privateKey: KeyObject): Signer {
  const method = methodOf(key);
  let isShown = false;
  return {
    key,
    verifies: true,
    async sign(payload) {
      const signature = { keyId: key.id, method, bytes: signPayload(method, privateKey, payload) };
      if (!isShown) verifySignature(key, signature, payload);
      isShown = true;
      return signature;
    },
  };
}

/** Why this signature does not count; undefined when it does. */
export function whyUnfit(
  key: PublicKey,
  signature: Signature,
  payload: Uint8Array,
): string | undefined {
  if (signature.keyId !== key.id) return 'it names another key';
  const verifier = verifiers.get(signature.method);
  if (!verifier) return 'its method is unknown';
  if (!verifier.keyTypes.includes(key.keyType))
    return `its method is not one of ${key.keyType} keys`;
  try {
    const { key: publicKey, pem } = materialOf(key);
    if (pem !== verifier.pem) return 'its method does not fit how the key is written';
    return verifier.fits(publicKey, signature.bytes, payload)
      ? undefined
      : 'it is not over this content';
  } catch (error) {
    return error instanceof Error ? error.message : 'the key cannot be used';
  }
}

interface Verifier {
  readonly keyTypes: readonly string[];
  readonly pem: boolean;
  fits(key: KeyObject, signature: Uint8Array, payload: Uint8Array): boolean;
}

/** A signature by a 2048-bit key has 256 bytes. */
const leastRsaBytes = 256;
const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
const pkcs1 = { padding: constants.RSA_PKCS1_PADDING };

const verifiers: ReadonlyMap<string, Verifier> = new Map([
  ['ecdsa', { keyTypes: ['ecdsa', 'ecdsa-x509'], pem: false, fits: ecdsaFits }],
  ['eddsa', { keyTypes: ['ed25519'], pem: false, fits: eddsaFits }],
  ['rsapss', { keyTypes: ['rsa', 'rsa-x509'], pem: false, fits: rsaFits(pss) }],
  ['rsapkcs1v15', { keyTypes: ['rsa', 'rsa-x509'], pem: false, fits: rsaFits(pkcs1) }],
  ['pycrypto-pkcs#1 pss', { keyTypes: ['rsa'], pem: true, fits: rsaFits(pss) }],
]);

function eddsaFits(key: KeyObject, signature: Uint8Array, payload: Uint8Array): boolean {
  return signature.length === 64 && verify(null, payload, key, signature);
}

function rsaFits(options: { padding: number; saltLength?: number }): Verifier['fits'] {
  return (key, signature, payload) =>
    signature.length >= leastRsaBytes && verify('sha256', payload, { key, ...options }, signature);
}

function methodOf(key: PublicKey): string {
  switch (key.keyType) {
    case 'ecdsa':
    case 'ecdsa-x509':
      return 'ecdsa';
    case 'rsa':
    case 'rsa-x509':
      return 'rsapss';
    case 'ed25519':
      return 'eddsa';
    default:
      throw tufError('TUF_KEY_INVALID', { reason: 'nothing signs with a key of its type' });
  }
}

function signPayload(method: string, key: KeyObject, payload: Uint8Array): Uint8Array {
  if (method === 'eddsa') return sign(null, payload, key);
  if (method === 'rsapss') return sign('sha256', payload, { key, ...pss });
  return ecdsaSign(key, payload);
}
