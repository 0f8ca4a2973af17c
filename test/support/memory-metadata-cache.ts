import type { MetadataCache } from '../../src/client/index.ts';
import type { Gun, MetadataFile, RoleName } from '../../src/tuf/index.ts';

/** The kept metadata of one repository, in memory. */
export class MemoryMetadataCache implements MetadataCache {
  /** A test may change it. */
  readonly files = new Map<RoleName, Uint8Array>();

  async load(): Promise<ReadonlyMap<RoleName, Uint8Array>> {
    return new Map(this.files);
  }

  async store(_gun: Gun, files: readonly MetadataFile[]): Promise<void> {
    for (const { role, bytes } of files) this.files.set(role, bytes);
  }
}
