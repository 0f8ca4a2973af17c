import { dayMs, isStoreError, toHex } from '../base/index.ts';
import { type Gun, parseMetadata, type RoleName } from '../tuf/index.ts';
import type { MetadataStore } from './ports.ts';

const gunsAtOnce = 50;

/** Which old versions are kept; both must say no before one is forgotten. */
export interface Retention {
  /** So many versions of each role, the current one included; 1 or more. */
  readonly keepVersions: number;
  /** Whatever was current within so many days; 1 or more, so that no reader is left half way. */
  readonly keepDays: number;
}

/** A published version without its bytes. */
export interface KeptVersion {
  readonly role: RoleName;
  readonly version: number;
  readonly sha256: string;
  readonly storedAt: Date;
}

/** The versions that are kept, and the way to forget some. */
export interface VersionShelf {
  /** GUNs after one, in order; the first ones after `''`. */
  guns(after: string, limit: number): Promise<Gun[]>;
  versions(gun: Gun): Promise<KeptVersion[]>;
  forget(gun: Gun, versions: readonly KeptVersion[]): Promise<void>;
}

/**
 * Forgets old versions of some GUNs. Roots stay, since a client that was away follows them one by
 * one; so does what is current, and whatever the current timestamp and snapshot name.
 *
 * @param after  where to go on: `''`, or the GUN that the last call returned
 * @returns undefined at the end
 */
export async function prune(
  {
    shelf,
    store,
  }: { readonly shelf: VersionShelf; readonly store: Pick<MetadataStore, 'current'> },
  retention: Retention,
  after: string,
  now: Date,
): Promise<{ readonly after: Gun | undefined; readonly forgotten: number }> {
  const guns = await shelf.guns(after, gunsAtOnce);
  let forgotten = 0;
  for (const gun of guns) {
    const old = versionsToForget(await shelf.versions(gun), new Set(), retention, now);
    if (old.length === 0) continue;
    const named = await namedHashes(gun, store);
    const gone = named ? old.filter(({ sha256 }) => !named.has(sha256)) : [];
    if (gone.length > 0) await shelf.forget(gun, gone);
    forgotten += gone.length;
  }
  return { after: guns.length === gunsAtOnce ? guns.at(-1) : undefined, forgotten };
}

/** @param named  sha256 of what the current timestamp and snapshot name */
export function versionsToForget(
  versions: readonly KeptVersion[],
  named: ReadonlySet<string>,
  { keepVersions, keepDays }: Retention,
  now: Date,
): KeptVersion[] {
  const byRole = Map.groupBy(versions, ({ role }) => role);
  byRole.delete('root');
  return [...byRole.values()].flatMap((ofRole) => {
    const newestFirst = [...ofRole].sort((a, b) => b.version - a.version);
    return newestFirst.filter(({ sha256 }, i) => {
      const replaced = newestFirst[i - 1];
      if (!replaced || i < keepVersions || named.has(sha256)) return false;
      return now.getTime() - replaced.storedAt.getTime() > keepDays * dayMs;
    });
  });
}

/** Undefined when they cannot be read: then nothing is forgotten. */
async function namedHashes(
  gun: Gun,
  store: Pick<MetadataStore, 'current'>,
): Promise<ReadonlySet<string> | undefined> {
  const files = [await store.current(gun, 'timestamp'), await store.current(gun, 'snapshot')];
  try {
    const hashes = files.flatMap((file) => {
      const signed = file && parseMetadata(file.role, file.bytes).signed;
      if (signed?.type !== 'Timestamp' && signed?.type !== 'Snapshot') throw new TypeError(gun);
      return [...signed.meta.values()].map(({ hashes }) => hashes.get('sha256'));
    });
    return new Set(hashes.flatMap((hash) => (hash ? [toHex(hash)] : [])));
  } catch (error) {
    if (isStoreError(error) || error instanceof TypeError) return undefined;
    throw error;
  }
}
