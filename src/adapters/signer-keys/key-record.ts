import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { CompactEncrypt, compactDecrypt } from 'jose';
import { concatBytes, type Secret, utf8 } from '../../base/index.ts';
import { barePublicKey } from '../../tuf/index.ts';

/*
 * How Notary's signer writes a private key: a compact JWE, whose key is wrapped by one that PBKDF2
 * makes of a passphrase, over
 *
 *   ecdsa     SEC 1 ECPrivateKey DER
 *   ed25519   96 bytes: public key, seed, public key
 *   rsa       PKCS #1 RSAPrivateKey DER; never made, but moved in
 *
 * so that its database can be read by ours and ours by it.
 *
 * @see notary 0.7.0 signer/keydbstore/sql_keydbstore.go; tuf/utils/x509.go ED25519ToPrivateKey
 */
const keyWrap = 'PBES2-HS256+A128KW';
const encryption = 'A256GCM';
const iterations = 8192;
const saltBytes = 12;
const ed25519Prefix = Buffer.from('302e020100300506032b657004220420', 'hex');

/** Encrypts a private key (ECDSA, Ed25519 or RSA) under a passphrase. */
export async function sealRecord(key: KeyObject, passphrase: Secret): Promise<string> {
  const plain = plaintextOf(key);
  try {
    return await new CompactEncrypt(plain)
      .setProtectedHeader({ alg: keyWrap, enc: encryption })
      .setKeyManagementParameters({ p2c: iterations, p2s: randomBytes(saltBytes) })
      .encrypt(utf8(passphrase.reveal()));
  } finally {
    plain.fill(0);
  }
}

/**
 * Decrypts what {@link sealRecord} or Notary made.
 * @param algorithm  as in the column of this name
 * @throws Error for another passphrase, changed bytes, or a key of another kind
 */
export async function openRecord(
  record: string,
  passphrase: Secret,
  algorithm: string,
): Promise<KeyObject> {
  const { plaintext } = await compactDecrypt(record, utf8(passphrase.reveal()), {
    keyManagementAlgorithms: [keyWrap],
    contentEncryptionAlgorithms: [encryption],
    maxPBES2Count: iterations,
  });
  try {
    return keyOf(plaintext, algorithm);
  } finally {
    plaintext.fill(0);
  }
}

/**
 * Binds a key to whom it is for. Notary's record does not say it, so whoever can write the database
 * could give a key to another GUN; only who has the key can make this.
 */
export function bindingOf(key: KeyObject, keyId: string, gun: string, role: string): string {
  const plain = plaintextOf(key);
  const text = JSON.stringify(['countermark signer key', keyId, gun, role]);
  const binding = createHmac('sha256', plain).update(text).digest('base64url');
  plain.fill(0);
  return binding;
}

function plaintextOf(key: KeyObject): Buffer {
  if (key.asymmetricKeyType === 'ec') return key.export({ format: 'der', type: 'sec1' });
  if (key.asymmetricKeyType === 'rsa') return key.export({ format: 'der', type: 'pkcs1' });
  const bytes = barePublicKey(createPublicKey(key)).bytes;
  const seed = key.export({ format: 'der', type: 'pkcs8' }).subarray(-32);
  return Buffer.from(concatBytes(bytes, seed, bytes));
}

function keyOf(plain: Uint8Array, algorithm: string): KeyObject {
  if (algorithm === 'ed25519') {
    if (plain.length !== 96) throw new Error('an ed25519 key has 96 bytes');
    const der = Buffer.concat([ed25519Prefix, plain.subarray(32, 64)]);
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  }
  const type = algorithm === 'rsa' ? 'pkcs1' : 'sec1';
  return createPrivateKey({ key: Buffer.from(plain), format: 'der', type });
}
