import type { Secret } from '../../base/index.ts';
import type { KeyId } from '../../tuf/index.ts';
import { newPassphraseVariable, type PassphraseSource } from '../passphrase/index.ts';
import { folderError } from './errors.ts';
import { findKey } from './find-keys.ts';
import { openKeyFile, parseKeyFile, serializeKeyFile } from './key-file.ts';
import { newPassphrase, unlockKey } from './unlock-key.ts';
import { writePrivateFile } from './write-file.ts';

/**
 * Encrypts a key anew, in its place. The new file is opened before it replaces the old one; whatever
 * is killed in between, one of the two is there, whole.
 *
 * @param present  the passphrase it has
 * @param next     the passphrase it gets
 * @throws StoreError FOLDER_UNREADABLE, FOLDER_KEY_PASSPHRASE, PASSPHRASE_NEEDED
 */
export async function changePassphrase(
  trust: string,
  id: KeyId,
  present: PassphraseSource,
  next: PassphraseSource,
): Promise<void> {
  const found = await findKey(trust, id);
  const key = await unlockKey(found, present);
  const passphrase: Secret = await newPassphrase(found, next, [newPassphraseVariable]);
  const bytes = await serializeKeyFile(key, found, passphrase);
  const again = openKeyFile(parseKeyFile(bytes, found.path), passphrase.reveal(), found.path);
  if (!again?.equals(key))
    throw folderError('FOLDER_KEY_PASSPHRASE', { role: found.role, keyId: id });
  await writePrivateFile(found.path, bytes);
}
