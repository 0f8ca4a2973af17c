import { createDecipheriv, pbkdf2Sync } from 'node:crypto';
import { concatBytes, type Secret, utf8 } from '../../base/index.ts';

const algorithm = 'PBES2-HS256+A128KW';
/** The signer writes 8192; more than this is not from it. */
const mostIterations = 1_000_000;

/** Why a text is not a key record as notary-signer writes it. */
export class NotAJwe extends Error {}

/**
 * Opens the compact JWE in which notary-signer keeps a private key: a passphrase by PBKDF2 opens,
 * by AES key wrap, the key that opens the content, by AES-256-GCM. Only this one kind is read.
 *
 * @returns the content; undefined when the passphrase is another, or the bytes were changed
 * @throws NotAJwe when it has another form
 * @see RFC 7518, "Key Encryption with PBES2"; notary 0.7.0 signer/keydbstore, docker/go jose
 */
export function openJwe(text: string, passphrase: Secret): Uint8Array | undefined {
  const parts = text.trim().split('.');
  const [header = '', wrapped, nonce, body, tag] = parts.map((part) => fromBase64Url(part));
  if (parts.length !== 5 || !wrapped || !nonce || !body || !tag)
    throw new NotAJwe('not five parts');
  const { iterations, salt } = parametersOf(header);
  if (wrapped.length !== 40 || nonce.length !== 12 || tag.length !== 16) {
    throw new NotAJwe('parts of another length');
  }
  const kek = pbkdf2Sync(
    passphrase.reveal(),
    concatBytes(utf8(algorithm), Uint8Array.of(0), salt),
    iterations,
    16,
    'sha256',
  );
  try {
    const unwrap = createDecipheriv('id-aes128-wrap', kek, Buffer.alloc(8, 0xa6));
    const key = concatBytes(unwrap.update(wrapped), unwrap.final());
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 });
    decipher.setAAD(utf8(parts[0] ?? ''));
    decipher.setAuthTag(tag);
    return concatBytes(decipher.update(body), decipher.final());
  } catch {
    return undefined;
  }
}

function parametersOf(header: Uint8Array | string): { iterations: number; salt: Uint8Array } {
  let json: Record<string, unknown>;
  try {
    json = JSON.parse(Buffer.from(header).toString('utf8'));
  } catch {
    throw new NotAJwe('its header is not JSON');
  }
  const { alg, enc, p2c, p2s } = json ?? {};
  if (alg !== algorithm || enc !== 'A256GCM') throw new NotAJwe('encrypted in another way');
  const isCount = typeof p2c === 'number' && Number.isSafeInteger(p2c);
  if (!isCount || p2c < 1 || p2c > mostIterations) throw new NotAJwe('a count out of bounds');
  const salt = typeof p2s === 'string' ? fromBase64Url(p2s) : undefined;
  if (!salt) throw new NotAJwe('no salt');
  return { iterations: p2c, salt };
}

function fromBase64Url(text: string): Uint8Array | undefined {
  return /^[-\w]*$/.test(text) ? Buffer.from(text, 'base64url') : undefined;
}
