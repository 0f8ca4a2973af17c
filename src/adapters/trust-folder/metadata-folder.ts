import type { Dirent } from 'node:fs';
import { join, relative, sep } from 'node:path';
import type { MetadataCache } from '../../client/index.ts';
import {
  type Gun,
  limitBytesOf,
  type MetadataFile,
  parseRoleName,
  type RoleName,
} from '../../tuf/index.ts';
import { metadataFile, metadataFolder } from './paths.ts';
import { listTrustFolder, readTrustFile } from './read-file.ts';
import { writePrivateFiles } from './write-file.ts';

/**
 * The verified metadata of a trust folder, shared with docker and notary. A file of a role that
 * cannot be read is an error and not an absence; files that are no role's are left alone.
 */
export class MetadataFolder implements MetadataCache {
  readonly #trust: string;
  /** What this process read or wrote last, so that it need not be read again to be compared. */
  readonly #known = new Map<Gun, Map<RoleName, Uint8Array>>();

  /** @param trust  the trust folder, such as `~/.docker/trust` */
  constructor(trust: string) {
    this.#trust = trust;
  }

  /** @throws StoreError FOLDER_UNREADABLE, FOLDER_TOO_LARGE */
  async load(gun: Gun): Promise<ReadonlyMap<RoleName, Uint8Array>> {
    const folder = metadataFolder(this.#trust, gun);
    const files = new Map<RoleName, Uint8Array>();
    for (const role of rolesIn(folder, await listTrustFolder(folder))) {
      const bytes = await readTrustFile(metadataFile(this.#trust, gun, role), limitBytesOf(role));
      if (bytes) files.set(role, bytes);
    }
    this.#known.set(gun, new Map(files));
    return files;
  }

  /**
   * The root is written first: a crash then leaves a newer root than the rest needs, which the next
   * refresh accepts, never an older one.
   */
  async store(gun: Gun, files: readonly MetadataFile[]): Promise<void> {
    if (!this.#known.has(gun)) await this.load(gun);
    const known = this.#known.get(gun) ?? new Map<RoleName, Uint8Array>();
    const first = files.filter(({ role }) => role === 'root');
    const others = files.filter(({ role }) => role !== 'root');
    const changed = [...first, ...others].filter(
      ({ role, bytes }) => Buffer.compare(known.get(role) ?? new Uint8Array(), bytes) !== 0,
    );
    await writePrivateFiles(
      new Map(changed.map(({ role, bytes }) => [metadataFile(this.#trust, gun, role), bytes])),
    );
    for (const { role, bytes } of changed) known.set(role, bytes);
  }
}

function rolesIn(folder: string, entries: readonly Dirent[]): RoleName[] {
  const names = entries
    .filter((entry) => entry.name.endsWith('.json'))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).slice(0, -'.json'.length));
  return names.flatMap((name) => roleOf(name.split(sep).join('/')) ?? []);
}

function roleOf(name: string): RoleName | undefined {
  try {
    return parseRoleName(name);
  } catch {
    return undefined;
  }
}
