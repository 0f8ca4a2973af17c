import {
  authorityOf,
  delegatedAuthorityOf,
  type Gun,
  isTargetsRole,
  type MetadataFile,
  nextSnapshot,
  parentOf,
  parseFixpoint,
  parseRoleName,
  type RoleName,
  type Root,
  requireMeta,
  requireUnexpired,
  type Snapshot,
  type Targets,
  type TargetsRole,
  verifyFile,
  verifyNextRoot,
  verifyRoot,
} from '../tuf/index.ts';
import type { CurrentFiles } from './current-files.ts';
import { checking, trustError } from './errors.ts';
import { Floors } from './floors.ts';
import type { Retired, RoleKeys } from './ports.ts';
import { signSnapshot, signTimestamp } from './server-roles.ts';

/** One update and what it is an update of. */
export interface UpdateRequest {
  readonly gun: Gun;
  /** Files as received. A timestamp is passed over: the server makes its own. */
  readonly parts: ReadonlyMap<RoleName, Uint8Array>;
  readonly current: CurrentFiles;
  /** Asked only when a role has no published file. */
  readonly retired: () => Promise<Retired>;
  readonly keys: RoleKeys;
  readonly now: Date;
}

/**
 * Decides whether an update may be published, and makes the snapshot (unless it was uploaded) and
 * the timestamp over it. It stores nothing. After it, root, targets and snapshot of the repository
 * verify and agree, so that no accepted update can make a repository unreadable.
 *
 * The steps and their order are Notary's, but for two: that a version is not new is said before
 * everything else, so that whoever lost a race hears that and not what follows from it; and an
 * uploaded snapshot must agree with every published file it lists, not only with those uploaded.
 *
 * Not checked, as in Notary: whether target names lie within a delegation's paths. Consumers pass
 * over those that do not.
 *
 * @returns what to publish, uploaded files exactly as received; nothing for an empty update
 * @throws StoreError TRUST_* but for TRUST_ROLE_*, and TUF_* of parsing and verification; the
 *         detail's `refused` names the role. Whatever the keys throw
 * @see notary 0.7.0 server/handlers/validation.go validateUpdate
 */
export async function decideUpdate(request: UpdateRequest): Promise<MetadataFile[]> {
  const { gun, current, keys, now } = request;
  const update = parseParts(request.parts);
  await requireNewVersions(update, current);
  const root = await decideRoot(update, current, gun, now);
  const floors = new Floors(current, request.retired);
  await requireAboveRetired(update, root, floors);
  if (update.all.length === 0) return [];
  const targets = await decideTargets(update, current, root, now);
  const place = { gun, root, keys, now };
  const snapshot = update.snapshot
    ? await requireAgreement(update.snapshot, update, current, root, targets, now)
    : await signSnapshot(place, await snapshotOver(update, current, floors, root, targets, now));
  const previous = (await current.versionOf('timestamp')) || (await floors.of('timestamp'));
  const timestamp = await signTimestamp(place, previous, snapshot);
  return [...update.all, ...(update.snapshot ? [] : [snapshot]), timestamp];
}

/** The files of an update, parsed and in fixpoint form; nothing else is claimed. */
interface Update {
  readonly root: MetadataFile<Root> | undefined;
  readonly targets: ReadonlyMap<TargetsRole, MetadataFile<Targets>>;
  readonly snapshot: MetadataFile<Snapshot> | undefined;
  readonly all: readonly MetadataFile[];
}

function parseParts(parts: ReadonlyMap<RoleName, Uint8Array>): Update {
  const read = <R extends RoleName>(role: R) => {
    const bytes = parts.get(role);
    return bytes && checking(role, () => parseFixpoint(role, bytes));
  };
  const root = read('root');
  const targets = new Map<TargetsRole, MetadataFile<Targets>>();
  for (const role of [...parts.keys()].filter(isTargetsRole).sort(shallowFirst)) {
    const file = read(role) as MetadataFile<Targets> | undefined;
    if (file) targets.set(role, file);
  }
  const snapshot = read('snapshot');
  const all = [root, ...targets.values(), snapshot].filter((file) => file !== undefined);
  return { root, targets, snapshot, all };
}

async function requireNewVersions({ all }: Update, current: CurrentFiles): Promise<void> {
  for (const { role, version } of all) {
    const stored = await current.versionOf(role);
    if (stored >= version) {
      throw trustError('TRUST_VERSION_CONFLICT', { role, version, stored, refused: role });
    }
  }
}

/**
 * After a deletion, whoever goes on with a root key of before goes on above the versions of before:
 * consumers with a cache follow that root, and would follow it back. Under a root of new keys, which
 * no cache follows anyway, the publisher counts from 1 again, as every client does.
 */
async function requireAboveRetired(
  { all }: Update,
  root: MetadataFile<Root>,
  floors: Floors,
): Promise<void> {
  for (const { role, version } of all) {
    const retired = await floors.of(role);
    // The same root may come again: its content did not change, and so its version need not.
    if (version > retired || (role === 'root' && version === retired)) continue;
    if (!(await floors.hold(root.signed))) continue;
    throw trustError('TRUST_VERSION_RETIRED', { role, version, retired, refused: role });
  }
}

/**
 * The root that holds after the update: valid for the GUN at this time, and signed by the root
 * before it. Its own expiry is asked of an uploaded one only.
 */
async function decideRoot(
  { root: uploaded }: Update,
  current: CurrentFiles,
  gun: Gun,
  now: Date,
): Promise<MetadataFile<Root>> {
  const published = await current.parse('root');
  return checking('root', () => {
    if (uploaded) {
      const verified = published
        ? verifyNextRoot(published, uploaded, gun, now)
        : verifyRoot(uploaded, gun, now);
      return requireUnexpired(verified, now);
    }
    if (!published) throw trustError('TRUST_ROOT_MISSING');
    return verifyRoot(published, gun, now);
  });
}

/**
 * Verifies every uploaded targets role against the role above it, and `targets` against the root
 * even when it was not uploaded, since a new root may have given it other keys.
 * @returns `targets` as it will be
 */
async function decideTargets(
  update: Update,
  current: CurrentFiles,
  root: MetadataFile<Root>,
  now: Date,
): Promise<MetadataFile<Targets>> {
  const verified = new Map<TargetsRole, MetadataFile<Targets>>();
  for (const role of update.targets.keys()) await verify(role);
  return verify('targets');

  async function verify(role: TargetsRole): Promise<MetadataFile<Targets>> {
    const known = verified.get(role);
    if (known) return known;
    const parent = role === 'targets' ? undefined : await verify(parentOf(role));
    const uploaded = update.targets.get(role);
    const file = uploaded ?? ((await current.parse(role)) as MetadataFile<Targets> | undefined);
    checking(role, () => {
      if (!file) throw trustError('TRUST_TARGETS_MISSING', { role });
      const authority =
        role === 'targets' || !parent
          ? authorityOf(root.signed, 'targets')
          : delegatedAuthorityOf(parent.signed, role);
      verifyFile(file, authority);
      // What is published may have expired since; only what is new must not be.
      if (uploaded) requireUnexpired(uploaded, now);
      verified.set(role, file);
    });
    return verified.get(role) as MetadataFile<Targets>;
  }
}

/** An uploaded snapshot lists the root, targets and all delegations as they will be, and no others. */
async function requireAgreement(
  snapshot: MetadataFile<Snapshot>,
  update: Update,
  current: CurrentFiles,
  root: MetadataFile<Root>,
  targets: MetadataFile<Targets>,
  now: Date,
): Promise<MetadataFile<Snapshot>> {
  checking('snapshot', () => {
    requireUnexpired(verifyFile(snapshot, authorityOf(root.signed, 'snapshot')), now);
    for (const role of update.targets.keys()) {
      if (!snapshot.signed.meta.has(role)) throw differ(role);
    }
  });
  for (const [name, meta] of snapshot.signed.meta) {
    const role = checking('snapshot', () => parseListed(name));
    const file =
      role === 'root'
        ? root
        : role === 'targets'
          ? targets
          : (update.targets.get(role) ?? (await current.parse(role)));
    checking('snapshot', () => {
      if (!file) throw differ(role);
      requireMeta(role, file.bytes, meta, 'snapshot');
    });
  }
  return snapshot;
}

function parseListed(name: string): 'root' | TargetsRole {
  const role = parseRoleName(name);
  if (role === 'snapshot' || role === 'timestamp') throw differ(role);
  return role;
}

function differ(named: RoleName) {
  return trustError('TRUST_SNAPSHOT_MISMATCH', { named });
}

/**
 * The next snapshot: what the last one listed, with the files of this update in it. Delegations
 * that nobody names any more stay listed, as with Notary: when one is added again, clients go on
 * from the version that is published instead of from 1, which could never be published.
 */
async function snapshotOver(
  update: Update,
  current: CurrentFiles,
  floors: Floors,
  root: MetadataFile<Root>,
  targets: MetadataFile<Targets>,
  now: Date,
): Promise<Snapshot> {
  const previous = (await current.parse('snapshot'))?.signed;
  const files = new Set([root, targets, ...update.targets.values()]);
  const next = nextSnapshot(previous, [...files], now);
  return previous ? next : { ...next, version: (await floors.of('snapshot')) + 1 };
}

/** Parents before children, then by name: the order in which Notary looks at them. */
function shallowFirst(a: string, b: string): number {
  const depth = a.split('/').length - b.split('/').length;
  return depth !== 0 ? depth : a < b ? -1 : 1;
}
