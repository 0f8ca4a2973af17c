import {
  type Digest,
  digestOf,
  digestOfHash,
  hexOf,
  isStoreError,
  type StoreError,
} from '../base/index.ts';
import {
  type Gun,
  type MetadataSource,
  parseMetadata,
  type RoleName,
  releasesRole,
} from '../tuf/index.ts';
import { clientError } from './errors.ts';

/** What the cache gave back for a repository. */
export type KeptFiles = ReadonlyMap<RoleName, Uint8Array>;

/**
 * The versions below which nothing may be accepted any more. The cache fails closed: a kept file
 * that does not parse, or files without the root they were verified by, mean that something
 * happened to the folder, and forgetting it would let anybody begin anew with an older repository
 * or another root.
 *
 * @throws StoreError CLIENT_CACHE_DAMAGED
 */
export function seenVersions(gun: Gun, kept: KeptFiles): ReadonlyMap<RoleName, number> {
  if (kept.size > 0 && !kept.has('root')) {
    throw clientError('CLIENT_CACHE_DAMAGED', { gun, role: 'root', reason: 'it is missing' });
  }
  return new Map([...kept].map(([role, bytes]) => [role, versionOf(gun, role, bytes)]));
}

/**
 * A source whose timestamp is on its way: whoever has a root asks for it first, and can read what is kept
 * meanwhile. Later ones are asked for as ever.
 */
export function timestampAsked(source: MetadataSource): MetadataSource {
  let first: ReturnType<MetadataSource['timestamp']> | undefined = source.timestamp();
  // Whoever never asks is not to be told that it failed.
  first.catch(() => {});
  return {
    root: (version) => source.root(version),
    byHash: (role, sha256, sizeBytes) => source.byHash(role, sha256, sizeBytes),
    timestamp() {
      const asked = first ?? source.timestamp();
      first = undefined;
      return asked;
    },
  };
}

/** A source that asks the network only for files that are not kept already, by their hash. */
export function withKept(source: MetadataSource, kept: KeptFiles): MetadataSource {
  return {
    root: (version) => source.root(version),
    timestamp: () => source.timestamp(),
    async byHash(role, sha256, sizeBytes) {
      const bytes = kept.get(role);
      const isSame = bytes !== undefined && hexOf(digestOf(bytes)) === sha256;
      return isSame ? bytes : source.byHash(role, sha256, sizeBytes);
    },
  };
}

/**
 * A source that gives the kept timestamp where the network gives none. Whatever it names by hash is
 * kept too, or the refresh fails; a timestamp that comes and does not verify is no absence.
 * @param onUse  told when the kept one is used, and what failed; nothing when the server has none
 * @see notary 0.7.0 client/tufclient.go downloadTimestamp
 */
export function withKeptTimestamp(
  source: MetadataSource,
  kept: KeptFiles,
  onUse: (failure?: StoreError) => void,
): MetadataSource {
  return {
    root: (version) => source.root(version),
    byHash: (role, sha256, sizeBytes) => source.byHash(role, sha256, sizeBytes),
    async timestamp() {
      const keptBytes = kept.get('timestamp');
      let failure: StoreError | undefined;
      try {
        const bytes = await source.timestamp();
        if (bytes || !keptBytes) return bytes;
      } catch (error) {
        if (!isStoreError(error) || !keptBytes) throw error;
        failure = error;
      }
      onUse(failure);
      return keptBytes;
    },
  };
}

/** To read a larger kept file takes longer than is gained by knowing early what stands in it. */
const glanceBytes = 64 * 1024;

/**
 * What a tag was signed for when the repository was last verified, and what is to be verified again before it counts.
 * @returns undefined where nothing is kept, or too much for a glance
 * @throws StoreError TUF_MALFORMED and its kin
 */
export function digestKept(kept: KeptFiles, tag: string): Digest | undefined {
  for (const role of [releasesRole, 'targets'] as const) {
    const bytes = kept.get(role);
    if (!bytes || bytes.length > glanceBytes) continue;
    const sha256 = parseMetadata(role, bytes).signed.targets.get(tag)?.hashes.get('sha256');
    if (sha256) return digestOfHash(sha256);
  }
  return undefined;
}

function versionOf(gun: Gun, role: RoleName, bytes: Uint8Array): number {
  try {
    return parseMetadata(role, bytes).version;
  } catch (cause) {
    if (!isStoreError(cause)) throw cause;
    throw clientError('CLIENT_CACHE_DAMAGED', { gun, role, reason: cause.message }, cause);
  }
}
