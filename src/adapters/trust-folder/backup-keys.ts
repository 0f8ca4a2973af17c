import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isStoreError } from '../../base/index.ts';
import type { KeyId } from '../../tuf/index.ts';
import type { PassphraseSource } from '../passphrase/index.ts';
import { folderError } from './errors.ts';
import { type FoundKey, findKeys } from './find-keys.ts';
import { type KeptKey, keepAsIs } from './keep-bundled.ts';
import { parseBackup, serializeBackup } from './key-bundle.ts';
import { unlockKey } from './unlock-key.ts';
import { publishNewFile, writeBeside } from './write-file.ts';

/** Told after each key. */
export type KeyProgress = (done: number, total: number) => void;

/** A key of a backup, and whether it opened when the backup was tried. */
export interface BackedUpKey {
  readonly id: KeyId;
  readonly role: string;
  readonly gun: string | undefined;
  /** Why it did not open. */
  readonly failure?: { readonly code: string; readonly message: string };
}

/**
 * Writes all keys of a trust folder into one file (0600), encrypted as they are, and tries it: the
 * file is read back from the disk, restored to a folder of its own, and every key there is opened.
 * Only then does the file get its name; a file of that name is never replaced.
 *
 * @param isKeptUntried  keep the backup although some keys did not open
 * @throws StoreError FOLDER_NO_KEYS, FOLDER_FILE_EXISTS, FOLDER_BACKUP_UNTRIED: nothing was kept
 */
export async function backUpKeys(options: {
  readonly trust: string;
  readonly passphrases: PassphraseSource;
  readonly to: string;
  readonly isKeptUntried: boolean;
  readonly progress: KeyProgress;
}): Promise<readonly BackedUpKey[]> {
  const { trust, to, isKeptUntried } = options;
  const keys = await findKeys(trust);
  if (keys.length === 0) throw folderError('FOLDER_NO_KEYS', { folder: trust });
  const temporary = await writeBeside(to, serializeBackup(keys));
  try {
    const tried = await tryBackup(temporary, options);
    const failures = tried.flatMap(({ id, failure }) => (failure ? [{ id, ...failure }] : []));
    const [first] = failures;
    if (first && !isKeptUntried) {
      const { id, message } = first;
      const { length } = failures;
      throw folderError('FOLDER_BACKUP_UNTRIED', { count: length, keyId: id, reason: message });
    }
    await publishNewFile(temporary, to);
    return tried;
  } finally {
    await rm(temporary, { force: true });
  }
}

/**
 * Restores a backup: keys that are not in the folder are written, one after the other, each whole
 * or not at all; those that are there stay as they are.
 *
 * @returns what became of each; a key that the folder has in another form is a failure
 * @throws StoreError FOLDER_BACKUP_DAMAGED before anything is written
 */
export async function restoreKeys(
  trust: string,
  bytes: Uint8Array,
  path: string,
  progress: KeyProgress,
): Promise<readonly (KeptKey | BackedUpKey)[]> {
  const keys = parseBackup(bytes, path);
  const done: (KeptKey | BackedUpKey)[] = [];
  for (const key of keys) {
    try {
      done.push(await keepAsIs(trust, key));
    } catch (error) {
      if (!isStoreError(error) || error.code !== 'FOLDER_KEY_EXISTS') throw error;
      const { id, role = '', gun } = key;
      done.push({ id, role, gun, failure: { code: error.code, message: error.message } });
    }
    progress(done.length, keys.length);
  }
  return done;
}

async function tryBackup(
  file: string,
  options: { trust: string; passphrases: PassphraseSource; progress: KeyProgress },
): Promise<BackedUpKey[]> {
  // Beside the keys, and not in /tmp: what is written is as secret as they are.
  const scratch = await mkdtemp(join(options.trust, 'backup-trial-'));
  try {
    await restoreKeys(scratch, await readFile(file), file, () => {});
    const restored = await findKeys(scratch);
    const tried: BackedUpKey[] = [];
    for (const key of restored) {
      tried.push(await tryKey(key, options.passphrases));
      options.progress(tried.length, restored.length);
    }
    return tried;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function tryKey(key: FoundKey, passphrases: PassphraseSource): Promise<BackedUpKey> {
  const { id, role, gun } = key;
  try {
    await unlockKey(key, passphrases);
    return { id, role, gun };
  } catch (error) {
    if (!isStoreError(error) || error.code === 'PASSPHRASE_CANCELLED') throw error;
    return { id, role, gun, failure: { code: error.code, message: error.message } };
  }
}
