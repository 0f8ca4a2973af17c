import type { RoleName } from './role-name.ts';

/**
 * Where a refresh reads metadata from: a trust server, a store, a folder. What it answers is
 * never believed. Undefined means "there is none"; a source that cannot be reached rejects, and
 * the refresh rejects with the same error.
 */
export interface MetadataSource {
  /** The current root, or the one of this version. */
  root(version?: number): Promise<Uint8Array | undefined>;
  /** The current timestamp. */
  timestamp(): Promise<Uint8Array | undefined>;
  /**
   * The file of this role with this hash. The place for a cache: such a file never changes.
   * @param sha256     64 lower case hex digits
   * @param sizeBytes  how long it must be; a source need not read further
   */
  byHash(role: RoleName, sha256: string, sizeBytes: number): Promise<Uint8Array | undefined>;
}
