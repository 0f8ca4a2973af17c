import { createCipheriv, createDecipheriv, pbkdf2, pbkdf2Sync, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { concatBytes, equalBytes } from '../../base/index.ts';
import * as der from '../der/index.ts';

/*
 * The one form of an encrypted private key that docker and notary write and open: PKCS #8, PBES2,
 * PBKDF2 with HMAC-SHA-1 (which they assume where none is named), AES-256-CBC.
 *
 * @see RFC 8018, "PBES2"; notary 0.7.0, tuf/utils/pkcs8.go
 */
const pbes2 = der.objectIdentifier('1.2.840.113549.1.5.13');
const pbkdf2Id = der.objectIdentifier('1.2.840.113549.1.5.12');
const aes256Cbc = der.objectIdentifier('2.16.840.1.101.3.4.1.42');

/**
 * Notary writes 2048 rounds and reads any number. A hundred thousand cost who signs a few hundredths
 * of a second a key, and who guesses at a stolen file fifty times what they cost before.
 */
const rounds = 100_000;
const deriveKey = promisify(pbkdf2);

/**
 * @param plain       DER of a PrivateKeyInfo
 * @param passphrase  hashed as UTF-8
 * @returns           DER of an EncryptedPrivateKeyInfo
 */
export async function encryptPbes2(plain: Uint8Array, passphrase: string): Promise<Uint8Array> {
  const salt = randomBytes(8);
  const iv = randomBytes(16);
  const key = await deriveKey(passphrase, salt, rounds, 32, 'sha1');
  const cipher = createCipheriv('aes-256-cbc', key, iv);
  const encrypted = concatBytes(cipher.update(plain), cipher.final());
  const derivation = der.sequence(der.octetString(salt), der.integer(rounds));
  return der.sequence(
    der.sequence(
      pbes2,
      der.sequence(
        der.sequence(pbkdf2Id, derivation),
        der.sequence(aes256Cbc, der.octetString(iv)),
      ),
    ),
    der.octetString(encrypted),
  );
}

/**
 * @param bytes  DER of an EncryptedPrivateKeyInfo
 * @returns      DER of the PrivateKeyInfo; undefined when it is encrypted in another form
 * @throws       what the cipher says, when the passphrase is wrong; nearly always, see `openPrivateKey`
 */
export function decryptPbes2(bytes: Uint8Array, passphrase: string): Uint8Array | undefined {
  const found = readPbes2(bytes);
  if (!found) return undefined;
  const key = pbkdf2Sync(passphrase, found.salt, found.rounds, 32, 'sha1');
  const decipher = createDecipheriv('aes-256-cbc', key, found.iv);
  return concatBytes(decipher.update(found.encrypted), decipher.final());
}

function readPbes2(bytes: Uint8Array) {
  const [info] = der.readValues(bytes) ?? [];
  const [scheme, encrypted] = der.readInside(info);
  const [derivation, cipher] = der.readInside(argumentOf(pbes2, scheme));
  const [salt, count, ...more] = der.readInside(argumentOf(pbkdf2Id, derivation));
  const iv = argumentOf(aes256Cbc, cipher);
  const number = count && der.readNumber(count.content);
  // A hash that is named, or a key of another length, is another form.
  if (!encrypted || !salt || !iv || !number || more.length > 0) return undefined;
  return {
    salt: salt.content,
    rounds: number,
    iv: iv.content,
    encrypted: encrypted.content,
  };
}

/** What stands behind the identifier of an algorithm; undefined behind another one's. */
function argumentOf(algorithm: Uint8Array, value: der.DerValue | undefined) {
  const [id, argument] = der.readInside(value);
  const isIt =
    id !== undefined && id.tag === algorithm[0] && equalBytes(id.content, algorithm.subarray(2));
  return isIt ? argument : undefined;
}
