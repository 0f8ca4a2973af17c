import {
  createCipheriv,
  createPrivateKey,
  type KeyObject,
  type PrivateKeyInput,
  pbkdf2,
  randomBytes,
} from 'node:crypto';
import { promisify } from 'node:util';
import { concatBytes } from '../../base/index.ts';
import * as der from '../der/index.ts';
import { type PemBlock, serializePem } from './pem.ts';

/**
 * Notary writes 2048 rounds and reads any number. A hundred thousand cost who signs a few hundredths
 * of a second a key, and who guesses at a stolen file fifty times what they cost before.
 */
const rounds = 100_000;
const deriveKey = promisify(pbkdf2);

/**
 * Encrypts a private key in the one form that docker and notary open: PKCS #8, PBES2, PBKDF2 with
 * HMAC-SHA-1 (which they assume where none is named), AES-256-CBC.
 *
 * @param passphrase  not empty; hashed as UTF-8
 * @returns           DER of EncryptedPrivateKeyInfo
 * @see RFC 8018, "PBES2"; notary 0.7.0, tuf/utils/pkcs8.go
 */
export async function encryptPrivateKey(key: KeyObject, passphrase: string): Promise<Uint8Array> {
  if (passphrase === '') throw new TypeError('a private key is not written without a passphrase');
  const salt = randomBytes(8);
  const iv = randomBytes(16);
  const secret = await deriveKey(passphrase, salt, rounds, 32, 'sha1');
  const cipher = createCipheriv('aes-256-cbc', secret, iv);
  const plain = key.export({ format: 'der', type: 'pkcs8' });
  const encrypted = concatBytes(cipher.update(plain), cipher.final());
  plain.fill(0);
  return der.sequence(
    der.sequence(
      der.objectIdentifier('1.2.840.113549.1.5.13'),
      der.sequence(
        der.sequence(
          der.objectIdentifier('1.2.840.113549.1.5.12'),
          der.sequence(der.octetString(salt), der.integer(rounds)),
        ),
        der.sequence(der.objectIdentifier('2.16.840.1.101.3.4.1.42'), der.octetString(iv)),
      ),
    ),
    der.octetString(encrypted),
  );
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
  const input = inputOf(block);
  if (!isEncrypted(block)) return createPrivateKey(input);
  try {
    return createPrivateKey({ ...input, passphrase });
  } catch {
    return undefined;
  }
}

function inputOf(block: PemBlock): PrivateKeyInput {
  if (block.headers.has('DEK-Info')) {
    // OpenSSL knows these two headers and refuses a block with any other.
    const known = [...block.headers].filter(([name]) => /^(Proc-Type|DEK-Info)$/.test(name));
    return { key: serializePem({ ...block, headers: new Map(known) }), format: 'pem' };
  }
  const key = Buffer.from(block.bytes);
  switch (block.type) {
    case 'EC PRIVATE KEY':
      return { key, format: 'der', type: 'sec1' };
    case 'RSA PRIVATE KEY':
      return { key, format: 'der', type: 'pkcs1' };
    default:
      return { key, format: 'der', type: 'pkcs8' };
  }
}
