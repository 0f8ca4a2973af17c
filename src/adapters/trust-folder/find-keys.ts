import { join, relative } from 'node:path';
import type { StoredKey } from '../../client/index.ts';
import { type KeyId, parseKeyId } from '../../tuf/index.ts';
import { folderError } from './errors.ts';
import { type KeyFile, parseKeyFile } from './key-file.ts';
import { keyFile, keyPlace, privateFolder } from './paths.ts';
import { listTrustFolder, readTrustFile } from './read-file.ts';

/** A private key of a trust folder, not opened. */
export interface FoundKey extends StoredKey {
  readonly path: string;
  readonly file: KeyFile;
}

const keyLimitBytes = 64 * 1024;

/**
 * The keys of a trust folder, sorted by id, so that everybody chooses the same one among several
 * root keys.
 * @throws StoreError FOLDER_KEY_MALFORMED, FOLDER_UNREADABLE: no key is passed over in silence
 */
export async function findKeys(trust: string): Promise<FoundKey[]> {
  const root = privateFolder(trust);
  const found = new Map<KeyId, FoundKey>();
  for (const entry of await listTrustFolder(root)) {
    const path = join(entry.parentPath, entry.name);
    const place = keyPlace(relative(root, path));
    // Symbolic links are passed over, as notary does: they could lead anywhere.
    if (!entry.isFile() || place.keyId === '') continue;
    const bytes = await readTrustFile(path, keyLimitBytes);
    if (!bytes) continue;
    const file = parseKeyFile(bytes, path);
    const id = parseKeyId(place.keyId);
    const role = file.role ?? place.role ?? '';
    const gun = file.gun ?? (role === 'root' ? undefined : place.gun);
    found.set(id, { id, role, gun, path, file });
  }
  return [...found.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** @throws StoreError FOLDER_UNREADABLE when there is no such key, and what {@link findKeys} throws */
export async function findKey(trust: string, id: KeyId): Promise<FoundKey> {
  const found = (await findKeys(trust)).find((key) => key.id === id);
  if (found) return found;
  throw folderError('FOLDER_UNREADABLE', { file: keyFile(trust, id), reason: 'ENOENT' });
}
