import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { concatBytes, type Secret, utf8 } from '../../base/index.ts';
import { keyError } from './errors.ts';

/*
 * How a private key lies in the database:
 *
 *   byte 0        1, the version of this format
 *   bytes 1-12    nonce, random
 *   then          AES-256-GCM ciphertext of the PKCS #8 DER
 *   last 16       tag
 *
 * The tag also covers the version and whose key it is, so a row that is copied to another key id,
 * GUN or role no longer opens. The key-encryption key is the app's and is never stored beside it.
 */
const version = 1;
const nonceBytes = 12;
const tagBytes = 16;

/** Whose key it is: bound into the seal. */
export interface KeyOwner {
  readonly keyId: string;
  readonly gun: string;
  readonly role: string;
}

/**
 * Encrypts a private key for the database.
 * @param kek  key-encryption key, 32 bytes
 * @throws TypeError when the key-encryption key has another length
 */
export function sealKey(kek: Secret<Uint8Array>, owner: KeyOwner, der: Uint8Array): Uint8Array {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', kekBytes(kek), nonce);
  cipher.setAAD(bindingOf(owner));
  const body = concatBytes(cipher.update(der), cipher.final());
  return concatBytes(Uint8Array.of(version), nonce, body, cipher.getAuthTag());
}

/**
 * Decrypts what {@link sealKey} made for the same owner.
 * @returns PKCS #8 DER
 * @throws StoreError KEY_UNREADABLE for another key-encryption key, owner or version, or changed bytes
 */
export function openKey(kek: Secret<Uint8Array>, owner: KeyOwner, sealed: Uint8Array): Uint8Array {
  if (sealed[0] !== version || sealed.length < 1 + nonceBytes + tagBytes) {
    throw unreadable(owner);
  }
  const nonce = sealed.subarray(1, 1 + nonceBytes);
  const decipher = createDecipheriv('aes-256-gcm', kekBytes(kek), nonce, {
    authTagLength: tagBytes,
  });
  decipher.setAAD(bindingOf(owner));
  decipher.setAuthTag(sealed.subarray(-tagBytes));
  try {
    const body = sealed.subarray(1 + nonceBytes, -tagBytes);
    return concatBytes(decipher.update(body), decipher.final());
  } catch (cause) {
    throw unreadable(owner, cause);
  }
}

/** The error for a row that does not hold this owner's key. Only the owner is named in it. */
export function unreadable({ keyId, gun, role }: KeyOwner, cause?: unknown) {
  return keyError('KEY_UNREADABLE', { keyId, gun, role }, cause);
}

function kekBytes(kek: Secret<Uint8Array>): Uint8Array {
  const bytes = kek.reveal();
  if (bytes.length !== 32) throw new TypeError('the key-encryption key must have 32 bytes');
  return bytes;
}

/** JSON of an array keeps the three texts apart, whatever stands in them. */
function bindingOf({ keyId, gun, role }: KeyOwner): Uint8Array {
  return utf8(JSON.stringify(['countermark private key', version, keyId, gun, role]));
}
