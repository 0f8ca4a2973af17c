import { createPrivateKey, type KeyObject, type PrivateKeyInput } from 'node:crypto';
import { decryptPbes2, encryptPbes2 } from './pbes2.ts';
import { type PemBlock, serializePem } from './pem.ts';
import { plainPrivateKeyInfo } from './pkcs8.ts';

/**
 * Encrypts a private key in the one form that docker and notary open.
 *
 * @param passphrase  not empty
 * @returns           DER of EncryptedPrivateKeyInfo
 */
export async function encryptPrivateKey(key: KeyObject, passphrase: string): Promise<Uint8Array> {
  if (passphrase === '') throw new TypeError('a private key is not written without a passphrase');
  const plain = key.export({ format: 'der', type: 'pkcs8' });
  const encrypted = await encryptPbes2(plain, passphrase);
  plain.fill(0);
  return encrypted;
}

/** True when the block needs a passphrase. */
export function isEncrypted(block: PemBlock): boolean {
  return block.type === 'ENCRYPTED PRIVATE KEY' || block.headers.has('DEK-Info');
}

/**
 * Opens a private key block: PKCS #8 as written today, SEC1 and PKCS #1 as notary wrote them before
 * 0.6, each encrypted or not.
 *
 * @returns undefined when the passphrase is wrong. CBC has no integrity, so a damaged file looks
 *          the same, and whoever reports it says both
 * @throws  whatever OpenSSL says of an unencrypted block it cannot read
 */
export function openPrivateKey(block: PemBlock, passphrase: string): KeyObject | undefined {
  if (!isEncrypted(block)) return createPrivateKey(plainInput(block));
  try {
    return openEncrypted(block, passphrase);
  } catch {
    return undefined;
  }
}

function openEncrypted(block: PemBlock, passphrase: string): KeyObject {
  const isPkcs8 = block.type === 'ENCRYPTED PRIVATE KEY';
  const plain = isPkcs8 ? decryptPbes2(block.bytes, passphrase) : undefined;
  if (!plain) return createPrivateKey({ ...encryptedInput(block), passphrase });
  try {
    return createPrivateKey(pkcs8Input(plain));
  } finally {
    plain.fill(0);
  }
}

/** In another form than docker's and notary's, and what notary encrypted by headers before 0.6. */
function encryptedInput(block: PemBlock): PrivateKeyInput {
  if (!block.headers.has('DEK-Info')) {
    return { key: Buffer.from(block.bytes), format: 'der', type: 'pkcs8' };
  }
  // OpenSSL knows these two headers and refuses a block with any other.
  const known = [...block.headers].filter(([name]) => /^(Proc-Type|DEK-Info)$/.test(name));
  return { key: serializePem({ ...block, headers: new Map(known) }), format: 'pem' };
}

function plainInput({ type, bytes }: PemBlock): PrivateKeyInput {
  switch (type) {
    case 'EC PRIVATE KEY':
      return { key: Buffer.from(bytes), format: 'der', type: 'sec1' };
    case 'RSA PRIVATE KEY':
      return { key: Buffer.from(bytes), format: 'der', type: 'pkcs1' };
    default:
      return pkcs8Input(bytes);
  }
}

function pkcs8Input(bytes: Uint8Array): PrivateKeyInput {
  return { key: Buffer.from(plainPrivateKeyInfo(bytes)), format: 'der', type: 'pkcs8' };
}
