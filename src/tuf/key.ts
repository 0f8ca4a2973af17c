import { createHash, type KeyObject } from 'node:crypto';
import {
  canonicalJsonOlpc,
  entriesOf,
  fromBase64,
  isStoreError,
  type Json,
  stringOf,
  toBase64,
} from '../base/index.ts';
import { tufError } from './errors.ts';
import { type KeyMaterial, readKeyMaterial } from './key-material.ts';

/** 64 lower case hex digits. Two ids exist for a key in a certificate, see {@link PublicKey}. */
export type KeyId = string & { readonly __brand: 'KeyId' };

export const keyTypes = ['ecdsa', 'rsa', 'ecdsa-x509', 'rsa-x509', 'ed25519'] as const;

/** The key types that Notary knows; metadata may name others, whose signatures never count. */
export type KeyType = (typeof keyTypes)[number];

/**
 * A public key as metadata holds it. That one exists says only that it was written down: whether
 * it can verify anything shows when it is used, as in Notary, so that one odd key among many does
 * not make a repository unreadable. {@link requireUsableKey} asks now.
 */
export interface PublicKey {
  /** A {@link KeyType}, or a stranger's word. */
  readonly keyType: string;
  /** What `keyval.public` decodes to: DER SubjectPublicKeyInfo, PEM certificates, or 32 raw bytes. */
  readonly bytes: Uint8Array;
  /** TUF id: of exactly this value, so a new certificate for the same key has another. */
  readonly id: KeyId;
  /**
   * Id of the bare key: equal to `id` unless `bytes` is a certificate that can be read. Names
   * private key files.
   */
  readonly canonicalId: KeyId;
}

/** @throws StoreError TUF_KEY_ID_INVALID */
export function parseKeyId(text: string): KeyId {
  if (!/^[0-9a-f]{64}$/.test(text))
    throw tufError('TUF_KEY_ID_INVALID', { text: text.slice(0, 64) });
  return text as KeyId;
}

/**
 * A key of our own or one that somebody hands in to be trusted: it must be usable.
 *
 * @param bytes  see {@link PublicKey}
 * @throws StoreError TUF_KEY_INVALID for an unknown type, a content that does not fit the type,
 *         RSA below 2048 bits, a curve that is not of NIST
 */
export function publicKey(keyType: KeyType, bytes: Uint8Array): PublicKey {
  return requireUsableKey(new MetadataKey(keyType, bytes));
}

/**
 * Reads `{"keytype":T,"keyval":{"public":B}}`, as `GET .../snapshot.key` answers and delegations
 * are handed in. A `private` member is not read.
 *
 * @throws StoreError TUF_KEY_INVALID as {@link publicKey} does; JSON_SHAPE
 */
export function parsePublicKey(json: Json): PublicKey {
  return requireUsableKey(readPublicKey(json, 'key'));
}

/** The form that {@link parsePublicKey} reads and metadata holds. */
export function publicKeyJson(key: PublicKey): Json {
  return { keytype: key.keyType, keyval: { private: null, public: toBase64(key.bytes) } };
}

/** @throws StoreError TUF_KEY_INVALID when the key could never verify a signature */
export function requireUsableKey(key: PublicKey): PublicKey {
  materialOf(key);
  return key;
}

/**
 * A key as it stands in metadata, of any type and content.
 * @throws StoreError JSON_SHAPE
 */
export function readPublicKey(json: Json | undefined, path: string): PublicKey {
  const members = entriesOf(json, path);
  const keyType = stringOf(members.get('keytype'), `${path}.keytype`);
  const value = entriesOf(members.get('keyval'), `${path}.keyval`);
  const bytes = fromBase64(stringOf(value.get('public'), `${path}.keyval.public`));
  if (!bytes) throw tufError('TUF_KEY_INVALID', { reason: `${path}.keyval.public is not base64` });
  return new MetadataKey(keyType, bytes);
}

/**
 * What verifies with this key. Read once per key object.
 * @throws StoreError TUF_KEY_INVALID
 */
export function materialOf(key: PublicKey): KeyMaterial {
  return key instanceof MetadataKey ? key.material() : readKeyMaterial(key.keyType, key.bytes);
}

/** The public half of a private key, as a bare key. @throws StoreError TUF_KEY_INVALID */
export function barePublicKey(key: KeyObject): PublicKey {
  if (key.asymmetricKeyType === 'ed25519') {
    return publicKey('ed25519', key.export({ type: 'spki', format: 'der' }).subarray(-32));
  }
  const keyType = key.asymmetricKeyType === 'rsa' ? 'rsa' : 'ecdsa';
  return publicKey(keyType, key.export({ type: 'spki', format: 'der' }));
}

class MetadataKey implements PublicKey {
  readonly keyType: string;
  readonly bytes: Uint8Array;
  readonly id: KeyId;
  #material: KeyMaterial | undefined;
  #canonicalId: KeyId | undefined;

  constructor(keyType: string, bytes: Uint8Array) {
    this.keyType = keyType;
    this.bytes = bytes;
    this.id = keyIdOf(keyType, bytes);
  }

  get canonicalId(): KeyId {
    this.#canonicalId ??= canonicalIdOf(this);
    return this.#canonicalId;
  }

  material(): KeyMaterial {
    this.#material ??= readKeyMaterial(this.keyType, this.bytes);
    return this.#material;
  }
}

function canonicalIdOf(key: MetadataKey): KeyId {
  if (key.keyType !== 'ecdsa-x509' && key.keyType !== 'rsa-x509') return key.id;
  try {
    const bare = key.material().key.export({ type: 'spki', format: 'der' });
    return keyIdOf(key.keyType === 'rsa-x509' ? 'rsa' : 'ecdsa', bare);
  } catch (error) {
    if (isStoreError(error)) return key.id;
    throw error;
  }
}

/** `"private":null` is part of what is hashed. @see notary 0.7.0 tuf/data/keys.go TUFKey.ID */
function keyIdOf(keyType: string, bytes: Uint8Array): KeyId {
  const json = { keytype: keyType, keyval: { private: null, public: toBase64(bytes) } };
  return createHash('sha256').update(canonicalJsonOlpc(json)).digest('hex') as KeyId;
}
