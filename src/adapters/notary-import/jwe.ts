import { compactDecrypt, errors } from 'jose';
import { type Secret, utf8 } from '../../base/index.ts';

/** The one kind that notary-signer writes. */
const keyManagementAlgorithms = ['PBES2-HS256+A128KW'];
const contentEncryptionAlgorithms = ['A256GCM'];
/** The signer writes 8192; more than this is not from it. */
const maxPBES2Count = 1_000_000;

/** Why a text is not a key record as notary-signer writes it. */
export class NotAJwe extends Error {}

/**
 * Opens the compact JWE in which notary-signer keeps a private key: a passphrase by PBKDF2 opens,
 * by AES key wrap, the key that opens the content, by AES-256-GCM.
 *
 * @returns the content; undefined when the passphrase is another, or the bytes were changed
 * @throws NotAJwe when it has another form
 * @see RFC 7518, "Key Encryption with PBES2"; notary 0.7.0 signer/keydbstore, docker/go jose
 */
export async function openJwe(text: string, passphrase: Secret): Promise<Uint8Array | undefined> {
  const accepted = { keyManagementAlgorithms, contentEncryptionAlgorithms, maxPBES2Count };
  try {
    return (await compactDecrypt(text.trim(), utf8(passphrase.reveal()), accepted)).plaintext;
  } catch (error) {
    if (error instanceof errors.JWEDecryptionFailed) return undefined;
    const isKnown = !(error instanceof errors.JOSEAlgNotAllowed);
    throw new NotAJwe(isKnown ? 'it is no compact JWE' : 'encrypted in another way');
  }
}
