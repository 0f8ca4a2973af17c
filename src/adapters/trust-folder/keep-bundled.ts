import { createPublicKey, type KeyObject } from 'node:crypto';
import { equalBytes, utf8 } from '../../base/index.ts';
import { barePublicKey, type KeyId } from '../../tuf/index.ts';
import type { PassphraseSource } from '../passphrase/index.ts';
import { folderError } from './errors.ts';
import { findKeys } from './find-keys.ts';
import { type BundledKey, needsGun } from './key-bundle.ts';
import { serializeKeyFile } from './key-file.ts';
import { keyFile } from './paths.ts';
import { type PemBlock, serializePem } from './pem.ts';
import { newPassphrase, unlockForeignKey } from './unlock-key.ts';
import { writePrivateFile } from './write-file.ts';

/** What became of one key of a file. */
export interface KeptKey {
  readonly id: KeyId;
  readonly role: string;
  readonly gun: string | undefined;
  /** `there`: it was in the folder already, and was left as it was. */
  readonly outcome: 'kept' | 'there';
}

export interface ImportOptions {
  readonly trust: string;
  readonly passphrases: PassphraseSource;
  /** Path of the file, for messages. */
  readonly path: string;
  /** For keys that do not say it themselves; `delegation` unless told. */
  readonly role?: string | undefined;
  readonly gun?: string | undefined;
}

/**
 * Imports one key: an encrypted one stays as it is, for which its id must be told or its passphrase
 * given; one that is not encrypted gets a new passphrase. What is in the folder is never replaced.
 *
 * @throws StoreError FOLDER_KEY_EXISTS when the folder has that key in another form,
 *         FOLDER_KEY_NEEDS_GUN, FOLDER_KEY_MISNAMED, FOLDER_KEY_PASSPHRASE, PASSPHRASE_NEEDED
 * @see notary 0.7.0, utils/keys.go ImportKeys
 */
export async function importKey(key: BundledKey, options: ImportOptions): Promise<KeptKey> {
  const { trust, passphrases, path } = options;
  const role = key.role ?? options.role ?? 'delegation';
  const gun = needsGun(role) ? (key.gun ?? options.gun) : undefined;
  if (needsGun(role) && gun === undefined) throw folderError('FOLDER_KEY_NEEDS_GUN', { role });
  if (key.file.isEncrypted && key.id !== undefined) {
    return await keepAsIs(trust, { ...key, id: key.id, role, gun });
  }
  const opened = await unlockForeignKey(role, key.file, path, passphrases);
  const id = idOf(opened);
  if (key.id !== undefined && key.id !== id) {
    throw folderError('FOLDER_KEY_MISNAMED', { file: path, keyId: id });
  }
  if (key.file.isEncrypted) return await keepAsIs(trust, { ...key, id, role, gun });
  const there = (await findKeys(trust)).some((found) => found.id === id);
  if (there) return { id, role, gun, outcome: 'there' };
  const passphrase = await newPassphrase({ id, role }, passphrases);
  const bytes = await serializeKeyFile(opened, { role, gun }, passphrase);
  await writePrivateFile(keyFile(trust, id), bytes);
  return { id, role, gun, outcome: 'kept' };
}

/**
 * Keeps a key as it is, without opening it. What is in the folder is never replaced.
 * @throws StoreError FOLDER_KEY_EXISTS when the folder has that key in another form
 */
export async function keepAsIs(
  trust: string,
  key: BundledKey & { readonly id: KeyId },
): Promise<KeptKey> {
  const { id, gun, role = '' } = key;
  const block = { ...key.file.block, headers: headersOf(key) };
  const there = (await findKeys(trust)).find((found) => found.id === id);
  if (there && !isSame(there.file.block, block)) {
    throw folderError('FOLDER_KEY_EXISTS', { keyId: id, file: there.path });
  }
  if (there) return { id, role, gun, outcome: 'there' };
  await writePrivateFile(keyFile(trust, id), utf8(serializePem(block)));
  return { id, role, gun, outcome: 'kept' };
}

function headersOf({ role, gun, file }: BundledKey): Map<string, string> {
  const headers = new Map(file.block.headers);
  if (role) headers.set('role', role);
  if (role && gun && needsGun(role)) headers.set('gun', gun);
  else headers.delete('gun');
  return headers;
}

/** The same key under the same passphrase; headers say no more than whose it is. */
function isSame(a: PemBlock, b: PemBlock): boolean {
  return (
    a.type === b.type &&
    equalBytes(a.bytes, b.bytes) &&
    a.headers.get('DEK-Info') === b.headers.get('DEK-Info')
  );
}

function idOf(key: KeyObject): KeyId {
  return barePublicKey(createPublicKey(key)).id;
}
