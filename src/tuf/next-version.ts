import { createHash } from 'node:crypto';
import { dayMs } from '../base/index.ts';
import type { FileMeta, MetadataFile, Signed, Snapshot, Timestamp } from './metadata.ts';
import { isDelegation, type RoleName } from './role-name.ts';

/** How long a newly signed file is valid: a year is 365 days. @see notary 0.7.0 const.go */
const lifetimeDays = { root: 3650, targets: 1095, snapshot: 1095, timestamp: 14 } as const;

/** When a file of this role expires that is signed now. */
export function expiryOf(role: RoleName, now: Date): Date {
  const days = lifetimeDays[isDelegation(role) ? 'targets' : role];
  return new Date(now.getTime() + days * dayMs);
}

/** The same content one version higher, with a fresh expiry: what every publish signs. */
export function nextVersion<S extends Signed>(signed: S, now: Date): S {
  const role = signed.type.toLowerCase() as Lowercase<Signed['type']>;
  return { ...signed, version: signed.version + 1, expiresAt: expiryOf(role, now) };
}

/**
 * The snapshot after these files changed: their entries replaced, all others kept, one version
 * higher.
 *
 * @param previous  undefined for a new repository: then `files` must hold root and targets
 * @param files     as they will be stored and served
 * @param gone      delegations that are no longer named by anybody, to be left out from now on
 */
export function nextSnapshot(
  previous: Snapshot | undefined,
  files: Iterable<MetadataFile>,
  now: Date,
  gone: Iterable<RoleName> = [],
): Snapshot {
  const meta = new Map<string, FileMeta>(previous?.meta);
  for (const role of gone) meta.delete(role);
  for (const file of files) meta.set(file.role, metaOf(file));
  const version = (previous?.version ?? 0) + 1;
  return { type: 'Snapshot', version, expiresAt: expiryOf('snapshot', now), meta };
}

/** The timestamp that names this snapshot, one version above the previous. */
export function nextTimestamp(
  previous: Timestamp | undefined,
  snapshot: MetadataFile<Snapshot>,
  now: Date,
): Timestamp {
  const meta = new Map([['snapshot', metaOf(snapshot)]]);
  const version = (previous?.version ?? 0) + 1;
  return { type: 'Timestamp', version, expiresAt: expiryOf('timestamp', now), meta };
}

/** Length, sha256 and sha512 of a file as it is served: what snapshot and timestamp list. */
export function metaOf(file: MetadataFile): FileMeta {
  const sha256 = Buffer.from(file.sha256, 'hex');
  const sha512 = createHash('sha512').update(file.bytes).digest();
  return {
    sizeBytes: file.sizeBytes,
    hashes: new Map([
      ['sha256', sha256],
      ['sha512', sha512],
    ]),
  };
}
