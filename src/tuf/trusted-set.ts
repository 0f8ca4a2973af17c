import type { StoreError } from '../base/index.ts';
import { tufError } from './errors.ts';
import type { Gun } from './gun.ts';
import type { FileMeta, MetadataFile, Root, Snapshot, Targets, Timestamp } from './metadata.ts';
import { parseMetadata, parseRoot } from './parse-metadata.ts';
import { type DelegationName, parentOf, type RoleName, type TargetsRole } from './role-name.ts';
import { verifyNextRoot, verifyRoot } from './root-trust.ts';
import {
  authorityOf,
  delegatedAuthorityOf,
  requireMeta,
  requireUnexpired,
  requireVersion,
  verifyFile,
} from './verify-file.ts';

/**
 * What has been verified of one repository, and the only way to more of it.
 *
 * The order is TUF's and stands in the types: a root that was trusted, then newer roots one by
 * one, then timestamp, snapshot, targets, and delegations below a role that is already there. Each
 * function takes bytes as received, verifies them against what the set holds, and returns a new
 * set; the old one stays as it was. A set never goes back: whatever it accepted is the least that
 * it, and every set made from it, accepts later.
 *
 * Left to others: where the bytes come from (refresh.ts), which root to trust first, and which
 * roles count for a name (find-target.ts).
 */
declare const verified: unique symbol;

/** A set that trusts a root, whose own `expires` has not been looked at yet. */
export interface WithRoot {
  readonly [verified]: true;
  readonly gun: Gun;
  readonly root: MetadataFile<Root>;
  /** The lowest version of each role that this set still accepts. */
  readonly seen: ReadonlyMap<RoleName, number>;
}

export interface WithTimestamp extends WithRoot {
  readonly timestamp: MetadataFile<Timestamp>;
}

export interface WithSnapshot extends WithTimestamp {
  readonly snapshot: MetadataFile<Snapshot>;
}

/** A whole repository: `targets` verified, and those delegations that were accepted. */
export interface TrustedSet extends WithSnapshot {
  /** `targets` first, then delegations in the order they were accepted (refresh: pre-order). */
  readonly targets: ReadonlyMap<TargetsRole, TrustedTargets>;
  /** Delegations that are named and listed and could not be verified, with the reason. */
  readonly skipped: ReadonlyMap<DelegationName, StoreError>;
}

/** A verified file of a targets role, with the prefixes of the names it may sign. */
export interface TrustedTargets {
  readonly role: TargetsRole;
  readonly file: MetadataFile<Targets>;
  /** Its own prefixes that lie within those of its parent. A target outside does not count. */
  readonly paths: readonly string[];
}

/**
 * Begins with a root that the caller trusts already: one kept from an earlier refresh, a pinned
 * one, or the first ever seen.
 *
 * @param bytes  root.json as received
 * @param seen   versions below which nothing is accepted, from an earlier set's `seen`
 * @throws StoreError TUF_MALFORMED, TUF_ROLLBACK, and what `verifyRoot` throws
 * @see TUF spec 1.0, client workflow, "Load the trusted root metadata file"; notary 0.7.0 client/client.go bootstrapClient
 */
export function trustRoot(
  gun: Gun,
  bytes: Uint8Array,
  now: Date,
  seen: ReadonlyMap<RoleName, number> = new Map(),
): WithRoot {
  const root = verifyRoot(parseRoot(bytes), gun, now);
  return made({ gun, root, seen: raise(seen, root) });
}

/**
 * Moves to the next version of the root. Its `expires` is left aside, since a later version may
 * follow; {@link acceptTimestamp} asks for it.
 *
 * @returns a set with the new root and nothing below it; what was seen stays seen
 * @throws StoreError TUF_ROOT_VERSION, TUF_ROOT_UNTRUSTED, and what `verifyRoot` throws
 * @see TUF spec 1.0, client workflow, "Update the root role"
 */
export function acceptRoot(trusted: WithRoot, bytes: Uint8Array, now: Date): WithRoot {
  const { gun, seen } = trusted;
  const root = verifyNextRoot(trusted.root, parseRoot(bytes), gun, now);
  return made({ gun, root, seen: raise(seen, root) });
}

/**
 * @returns a set that holds this timestamp and nothing below it
 * @throws StoreError TUF_EXPIRED (of the root or the timestamp), TUF_MALFORMED, TUF_NO_SIGNATURES,
 *         TUF_BELOW_THRESHOLD, TUF_ROLLBACK
 * @see TUF spec 1.0, client workflow, "Update the timestamp role"; notary 0.7.0 tuf/builder.go loadTimestamp
 */
export function acceptTimestamp(trusted: WithRoot, bytes: Uint8Array, now: Date): WithTimestamp {
  const { gun, seen } = trusted;
  const root = requireVersion(requireUnexpired(trusted.root, now), seen.get('root'));
  const timestamp = parseMetadata('timestamp', bytes);
  verifyFile(timestamp, authorityOf(root.signed, 'timestamp'));
  requireVersion(timestamp, seen.get('timestamp'));
  requireUnexpired(timestamp, now);
  return made<WithTimestamp>({ gun, root, timestamp, seen: raise(seen, timestamp) });
}

/**
 * Accepts the snapshot that the timestamp names, if it in turn names the trusted root.
 *
 * @param bytes  snapshot.json exactly as received; hashed as it is, never re-serialised
 * @param now    reference time of this update (UTC), read once by the caller
 * @returns      a new trusted set that also holds the snapshot and refuses older ones
 * @throws StoreError TUF_SIZE_MISMATCH, TUF_HASH_MISMATCH (of role `root` too), TUF_MALFORMED,
 *         TUF_NO_SIGNATURES, TUF_BELOW_THRESHOLD, TUF_ROLLBACK, TUF_EXPIRED
 * @see TUF spec 1.0, client workflow, "Update the snapshot role"; notary 0.7.0 tuf/builder.go loadSnapshot
 */
export function acceptSnapshot(trusted: WithTimestamp, bytes: Uint8Array, now: Date): WithSnapshot {
  const snapshot = verifySnapshot(trusted, bytes, now);
  const { gun, root, timestamp, seen } = trusted;
  requireMeta('root', root.bytes, listed(snapshot, 'root'), 'snapshot');
  return made<WithSnapshot>({ gun, root, timestamp, snapshot, seen: raise(seen, snapshot) });
}

/** {@link acceptSnapshot} without the question whether it names the trusted root. */
export function verifySnapshot(
  trusted: WithTimestamp,
  bytes: Uint8Array,
  now: Date,
): MetadataFile<Snapshot> {
  requireMeta('snapshot', bytes, snapshotMeta(trusted), 'timestamp');
  const snapshot = parseMetadata('snapshot', bytes);
  verifyFile(snapshot, authorityOf(trusted.root.signed, 'snapshot'));
  requireVersion(snapshot, trusted.seen.get('snapshot'));
  return requireUnexpired(snapshot, now);
}

/**
 * @throws StoreError TUF_SIZE_MISMATCH, TUF_HASH_MISMATCH, TUF_MALFORMED, TUF_NO_SIGNATURES,
 *         TUF_BELOW_THRESHOLD, TUF_ROLLBACK, TUF_EXPIRED
 * @see TUF spec 1.0, client workflow, "Update the targets role"; notary 0.7.0 tuf/builder.go loadTargets
 */
export function acceptTargets(trusted: WithSnapshot, bytes: Uint8Array, now: Date): TrustedSet {
  const { gun, root, timestamp, snapshot, seen } = trusted;
  requireMeta('targets', bytes, listed(snapshot, 'targets'), 'snapshot');
  const file = parseMetadata('targets', bytes);
  verifyFile(file, authorityOf(root.signed, 'targets'));
  requireVersion(file, seen.get('targets'));
  requireUnexpired(file, now);
  return made<TrustedSet>({
    ...{ gun, root, timestamp, snapshot, seen: raise(seen, file) },
    targets: new Map([['targets', { role: 'targets', file, paths: [''] }]]),
    skipped: new Map(),
  });
}

/**
 * Accepts a delegation whose parent is in the set already.
 *
 * @throws StoreError TUF_DELEGATION_UNKNOWN, TUF_NOT_IN_SNAPSHOT, TUF_SIZE_MISMATCH, TUF_HASH_MISMATCH,
 *         TUF_MALFORMED, TUF_NO_SIGNATURES, TUF_BELOW_THRESHOLD, TUF_ROLLBACK, TUF_EXPIRED
 * @see notary 0.7.0 tuf/builder.go loadDelegation
 */
export function acceptDelegation(
  trusted: TrustedSet,
  role: DelegationName,
  bytes: Uint8Array,
  now: Date,
): TrustedSet {
  const parent = trusted.targets.get(parentOf(role));
  if (!parent) throw tufError('TUF_DELEGATION_UNKNOWN', { role });
  const authority = delegatedAuthorityOf(parent.file.signed, role);
  requireMeta(role, bytes, listed(trusted.snapshot, role), 'snapshot');
  const file = parseMetadata(role, bytes);
  verifyFile(file, authority);
  requireVersion(file, trusted.seen.get(role));
  requireUnexpired(file, now);
  const targets = new Map(trusted.targets).set(role, { role, file, paths: pathsOf(parent, role) });
  const skipped = new Map(trusted.skipped);
  skipped.delete(role);
  return { ...trusted, targets, skipped, seen: raise(trusted.seen, file) };
}

/** Notes that a delegation could not be accepted, and goes on without it and all below it. */
export function skipDelegation(
  trusted: TrustedSet,
  role: DelegationName,
  why: StoreError,
): TrustedSet {
  return { ...trusted, skipped: new Map(trusted.skipped).set(role, why) };
}

/** What the timestamp says of the snapshot. */
export function snapshotMeta(trusted: WithTimestamp): FileMeta {
  const meta = trusted.timestamp.signed.meta.get('snapshot');
  if (!meta)
    throw tufError('TUF_MALFORMED', { role: 'timestamp', reason: 'it does not list snapshot' });
  return meta;
}

/** What the snapshot says of a role. @throws StoreError TUF_NOT_IN_SNAPSHOT */
export function listed(snapshot: MetadataFile<Snapshot>, role: RoleName): FileMeta {
  const meta = snapshot.signed.meta.get(role);
  if (!meta) throw tufError('TUF_NOT_IN_SNAPSHOT', { role });
  return meta;
}

/** Every verified file of a set, for whoever stores them: root, timestamp, snapshot, targets, delegations. */
export function filesOf(trusted: TrustedSet): MetadataFile[] {
  const targets = [...trusted.targets.values()].map(({ file }) => file);
  return [trusted.root, trusted.timestamp, trusted.snapshot, ...targets];
}

/** When the first of the files expires that a set was made of. */
export function earliestExpiry(trusted: TrustedSet): Date {
  return new Date(Math.min(...filesOf(trusted).map(({ expiresAt }) => expiresAt.getTime())));
}

/** The one place that calls a set verified. */
function made<Set extends WithRoot = WithRoot>(set: Omit<Set, typeof verified>): Set {
  return set as Set;
}

/** Prefixes of the child that lie within one of its parent's. @see notary 0.7.0 tuf/data/roles.go Restrict */
function pathsOf(parent: TrustedTargets, role: DelegationName): readonly string[] {
  const child = parent.file.signed.delegations.roles.find(({ name }) => name === role);
  return (child?.paths ?? []).filter((path) =>
    parent.paths.some((prefix) => path.startsWith(prefix)),
  );
}

function raise(
  seen: ReadonlyMap<RoleName, number>,
  file: MetadataFile,
): ReadonlyMap<RoleName, number> {
  const floor = Math.max(seen.get(file.role) ?? 0, file.version);
  return new Map(seen).set(file.role, floor);
}
