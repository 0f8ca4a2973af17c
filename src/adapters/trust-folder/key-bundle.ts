import { digestOf, fromUtf8, utf8 } from '../../base/index.ts';
import { type KeyId, parseKeyId } from '../../tuf/index.ts';
import { folderError } from './errors.ts';
import type { FoundKey } from './find-keys.ts';
import { type KeyFile, keyFileOf, pemBlocksOf } from './key-file.ts';
import { keyPlace } from './paths.ts';
import { serializePem } from './pem.ts';

/** A key in a file of several, not opened. */
export interface BundledKey {
  /** What the `path` header says; undefined without one. Nobody has opened the key to see. */
  readonly id: KeyId | undefined;
  readonly role: string | undefined;
  readonly gun: string | undefined;
  readonly file: KeyFile;
}

/**
 * Keys as `notary key export` writes them and `notary key import` reads them: the blocks of their
 * files, encrypted as they are, each with its id in a `path` header.
 */
export function serializeKeyBundle(keys: readonly FoundKey[]): string {
  return keys
    .map(({ id, role, gun, file: { block } }) => {
      const headers = new Map(block.headers).set('path', id);
      if (role !== '') headers.set('role', role);
      if (gun !== undefined && needsGun(role)) headers.set('gun', gun);
      return serializePem({ ...block, headers });
    })
    .join('');
}

/**
 * @param path  of the file, for messages
 * @throws StoreError FOLDER_KEY_MALFORMED, FOLDER_KEY_UNSUPPORTED when a block is no private key
 */
export function parseKeyBundle(bytes: Uint8Array, path: string): BundledKey[] {
  const blocks = pemBlocksOf(bytes, path);
  if (blocks.length === 0) {
    throw folderError('FOLDER_KEY_MALFORMED', { file: path, reason: 'it holds no PEM block' });
  }
  return blocks.map((block) => {
    const headers = new Map(block.headers);
    const header = headers.get('path') ?? '';
    headers.delete('path');
    const place = keyPlace(`${header}.key`);
    const legacyRole = header.startsWith('root_keys/') ? 'root' : place.role;
    const file = keyFileOf({ ...block, headers }, path);
    const id = place.keyId === '' ? undefined : parseKeyId(place.keyId);
    return { id, role: file.role ?? legacyRole, gun: file.gun ?? place.gun, file };
  });
}

/** True for roles whose keys belong to one repository. */
export function needsGun(role: string): boolean {
  return role === 'targets' || role === 'snapshot' || role === 'timestamp';
}

const seal = /^Countermark key backup 1: (\d+) keys, (sha256:[0-9a-f]{64})\n/;

/**
 * A backup: a line that tells how many keys follow and the digest of all that follows, so that a
 * copy that was cut off or changed is not taken for whole; then a key bundle, which notary reads
 * too, since it passes over text before the first block.
 */
export function serializeBackup(keys: readonly FoundKey[]): Uint8Array {
  const bundle = serializeKeyBundle(keys);
  return utf8(
    `Countermark key backup 1: ${keys.length} keys, ${digestOf(utf8(bundle))}\n${bundle}`,
  );
}

/** @throws StoreError FOLDER_BACKUP_DAMAGED unless it is a whole backup, and every key names itself */
export function parseBackup(
  bytes: Uint8Array,
  path: string,
): (BundledKey & { readonly id: KeyId })[] {
  const damaged = (reason: string) => folderError('FOLDER_BACKUP_DAMAGED', { file: path, reason });
  const [line = '', count, digest] = seal.exec(fromUtf8(bytes.subarray(0, 256))) ?? [];
  if (line === '') throw damaged('its first line is not that of a backup');
  const bundle = bytes.subarray(line.length);
  if (digestOf(bundle) !== digest) throw damaged('its digest is not the one in its first line');
  const keys = parseKeyBundle(bundle, path);
  if (keys.length !== Number(count)) throw damaged('it does not have as many keys as it says');
  return keys.map((key) => {
    if (key.id === undefined) throw damaged('a key does not say which it is');
    return { ...key, id: key.id };
  });
}
