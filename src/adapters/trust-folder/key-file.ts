import { createPublicKey, type KeyObject } from 'node:crypto';
import { fromUtf8, isStoreError, type Secret, utf8 } from '../../base/index.ts';
import { barePublicKey, localSigner, type Signer } from '../../tuf/index.ts';
import { folderError } from './errors.ts';
import { type PemBlock, parsePem, serializePem } from './pem.ts';
import { encryptPrivateKey, isEncrypted, openPrivateKey } from './private-key.ts';

/** A private key file, not opened. */
export interface KeyFile {
  /** `root`, `targets`, `snapshot`, a signer's name; undefined in files before notary 0.3. */
  readonly role: string | undefined;
  readonly gun: string | undefined;
  readonly isEncrypted: boolean;
  readonly block: PemBlock;
}

const privateTypes = new Set([
  'ENCRYPTED PRIVATE KEY',
  'PRIVATE KEY',
  'EC PRIVATE KEY',
  'RSA PRIVATE KEY',
]);

/**
 * Reads a key file of docker or notary, of any age.
 * @param file  its path, for messages
 * @throws StoreError FOLDER_KEY_MALFORMED, FOLDER_KEY_UNSUPPORTED
 */
export function parseKeyFile(bytes: Uint8Array, file: string): KeyFile {
  const [block, second] = pemBlocksOf(bytes, file);
  if (!block) throw folderError('FOLDER_KEY_MALFORMED', { file, reason: 'it holds no PEM block' });
  if (second)
    throw folderError('FOLDER_KEY_MALFORMED', { file, reason: 'it holds two PEM blocks' });
  return keyFileOf(block, file);
}

/**
 * One block of a file that may hold several.
 * @param file  its path, for messages
 * @throws StoreError FOLDER_KEY_UNSUPPORTED for anything but a private key
 */
export function keyFileOf(block: PemBlock, file: string): KeyFile {
  if (!privateTypes.has(block.type)) {
    throw folderError('FOLDER_KEY_UNSUPPORTED', { file, kind: block.type });
  }
  const { headers } = block;
  return {
    role: headers.get('role') || undefined,
    gun: headers.get('gun') || undefined,
    isEncrypted: isEncrypted(block),
    block,
  };
}

/**
 * Opens a key file.
 * @returns undefined when the passphrase is wrong (or the file is damaged: it looks the same)
 * @throws StoreError FOLDER_KEY_MALFORMED, FOLDER_KEY_UNSUPPORTED
 */
export function openKeyFile(
  { block }: KeyFile,
  passphrase: string,
  file: string,
): KeyObject | undefined {
  let key: KeyObject | undefined;
  try {
    key = openPrivateKey(block, passphrase);
  } catch (cause) {
    const reason = 'OpenSSL does not know its form';
    throw folderError('FOLDER_KEY_MALFORMED', { file, reason }, cause);
  }
  const kind = key?.asymmetricKeyType;
  if (key && kind !== 'ec' && kind !== 'rsa' && kind !== 'ed25519') {
    throw folderError('FOLDER_KEY_UNSUPPORTED', { file, kind: String(kind) });
  }
  return key;
}

/**
 * Writes a key file that docker and notary open: encrypted, `role` in a header, `gun` too for the
 * roles that belong to one repository.
 * @throws StoreError FOLDER_KEY_NEEDS_GUN
 */
export async function serializeKeyFile(
  key: KeyObject,
  { role, gun }: { readonly role: string; readonly gun?: string | undefined },
  passphrase: Secret,
): Promise<Uint8Array> {
  const needsGun = role === 'targets' || role === 'snapshot' || role === 'timestamp';
  if (needsGun && !gun) throw folderError('FOLDER_KEY_NEEDS_GUN', { role });
  const headers = new Map([['role', role]]);
  if (needsGun && gun) headers.set('gun', gun);
  const bytes = await encryptPrivateKey(key, passphrase.reveal());
  return utf8(serializePem({ type: 'ENCRYPTED PRIVATE KEY', headers, bytes }));
}

/** The signer of an opened key, under its bare id. */
export function signerOf(key: KeyObject, file: string): Signer {
  try {
    return localSigner(barePublicKey(createPublicKey(key)), key);
  } catch (error) {
    if (!isStoreError(error)) throw error;
    throw folderError('FOLDER_KEY_MALFORMED', { file, reason: error.message }, error);
  }
}

/** @throws StoreError FOLDER_KEY_MALFORMED when it is not text, or a block is broken */
export function pemBlocksOf(bytes: Uint8Array, file: string): PemBlock[] {
  try {
    return parsePem(fromUtf8(bytes));
  } catch (error) {
    const reason = isStoreError(error) ? String(error.detail.reason) : 'it is not text';
    throw folderError('FOLDER_KEY_MALFORMED', { file, reason }, error);
  }
}
