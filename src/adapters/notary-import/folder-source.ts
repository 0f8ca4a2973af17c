import { join, relative, sep } from 'node:path';
import { isStoreError } from '../../base/index.ts';
import type { ImportSource, SourceRepository } from '../../trust/index.ts';
import { type Gun, parseMetadata, type RoleName } from '../../tuf/index.ts';
import { KeyFolder, listTrustFolder, MetadataFolder } from '../trust-folder/index.ts';
import { type Wanted, wantedOf } from './wanted.ts';

/**
 * Repositories of a trust folder's metadata cache: the latest version of each file that its owner
 * has seen. Which keys lie there is told by their ids; none is opened or taken.
 */
export class FolderSource implements ImportSource {
  readonly #trust: string;
  readonly #cache: MetadataFolder;
  readonly #wanted: Wanted;

  /** @param trust  such as `~/.docker/trust` */
  constructor(trust: string, wanted: Wanted) {
    this.#trust = trust;
    this.#cache = new MetadataFolder(trust);
    this.#wanted = wanted;
  }

  async *names(): AsyncGenerator<string> {
    const tuf = join(this.#trust, 'tuf');
    const found = new Set<string>();
    for (const entry of await listTrustFolder(tuf)) {
      const path = relative(tuf, entry.parentPath).split(sep).join('/');
      if (entry.isFile() && entry.name === 'root.json' && path.endsWith('/metadata')) {
        found.add(path.slice(0, -'/metadata'.length));
      }
    }
    yield* wantedOf(this.#wanted, [...found].sort());
  }

  async read(gun: Gun): Promise<SourceRepository> {
    const files = [...(await this.#cache.load(gun))].map(([role, bytes]) => ({
      role,
      version: versionOf(role, bytes),
      read: async () => bytes,
    }));
    const keys = await new KeyFolder(this.#trust, async () => undefined).keys();
    const own = keys.filter(({ gun: owner }) => owner === undefined || owner === gun);
    return { files, ownerKeys: new Set(own.map(({ id }) => id)) };
  }
}

/** What the file itself says; 0 when it cannot be read, which is told later. */
function versionOf(role: RoleName, bytes: Uint8Array): number {
  try {
    return parseMetadata(role, bytes).version;
  } catch (error) {
    if (isStoreError(error)) return 0;
    throw error;
  }
}
