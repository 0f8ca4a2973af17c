import type { Gun } from './gun.ts';
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

/** Published metadata, by GUN and role. */
export interface MetadataShelf {
  current(gun: Gun, role: RoleName): Promise<{ readonly bytes: Uint8Array } | undefined>;
  byVersion(
    gun: Gun,
    role: RoleName,
    version: number,
  ): Promise<{ readonly bytes: Uint8Array } | undefined>;
  byChecksum(
    gun: Gun,
    role: RoleName,
    sha256: string,
  ): Promise<{ readonly bytes: Uint8Array } | undefined>;
}

/** A shelf as a refresh reads it: nothing is renewed on the way. */
export function shelfSource(shelf: MetadataShelf, gun: Gun): MetadataSource {
  const bytesOf = async (stored: ReturnType<MetadataShelf['current']>) => (await stored)?.bytes;
  return {
    root: (version) =>
      bytesOf(
        version === undefined ? shelf.current(gun, 'root') : shelf.byVersion(gun, 'root', version),
      ),
    timestamp: () => bytesOf(shelf.current(gun, 'timestamp')),
    byHash: (role, sha256) => bytesOf(shelf.byChecksum(gun, role, sha256)),
  };
}
