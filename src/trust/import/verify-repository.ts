import { digestOf, isStoreError, type StoreError, toHex } from '../../base/index.ts';
import {
  authorityOf,
  type DelegationName,
  delegatedAuthorityOf,
  type FileMeta,
  type Gun,
  type MetadataFile,
  parseMetadata,
  parseRoleName,
  parseRoot,
  type RoleName,
  type Root,
  requireMeta,
  rootAuthorityOf,
  type Snapshot,
  type Targets,
  type TargetsRole,
  type Timestamp,
  verifyFile,
} from '../../tuf/index.ts';
import { importError } from './errors.ts';
import type { ImportFile, SourceFile } from './ports.ts';

/** A repository whose current files verify and agree; that they are unexpired is not claimed. */
export interface VerifiedRepository {
  readonly gun: Gun;
  readonly root: MetadataFile<Root>;
  readonly timestamp: MetadataFile<Timestamp>;
  readonly snapshot: MetadataFile<Snapshot>;
  /** `targets`, and every delegation that is named, listed and signed by enough of its keys. */
  readonly targets: ReadonlyMap<TargetsRole, MetadataFile<Targets>>;
  /** Delegations that consumers pass over, with the reason. */
  readonly skipped: ReadonlyMap<DelegationName, StoreError>;
  /** The oldest root from which an unbroken line of rotations leads to the current one. */
  readonly rootsFrom: number;
  /** Every version to be kept; none is above the current one of its role. */
  readonly files: readonly ImportFile[];
  /** Files that are not kept, and why. */
  readonly leftOut: readonly string[];
}

/**
 * Verifies a repository as a consumer does, from its own newest root, but for every date: what has
 * expired is for a person to know, not a reason to lose it. Which files are current is what the
 * newest timestamp says by hash, as it is for notary-server, not what has the highest number.
 *
 * Older versions are read and counted, and kept as they are; nobody verifies them again, except
 * the line of roots, by which consumers with an old root will come. In memory is what is current, and one
 * version beside it.
 *
 * @throws StoreError IMPORT_NO_TIMESTAMP, IMPORT_FILE_MISSING, and TUF_* of whatever does not verify
 */
export async function verifyRepository(
  gun: Gun,
  source: readonly SourceFile[],
): Promise<VerifiedRepository> {
  const { files, leftOut } = await readFiles(gun, source);
  const newest = newestOf(files, 'timestamp');
  if (!newest) throw importError('IMPORT_NO_TIMESTAMP', { gun });
  const timestamp = parseMetadata('timestamp', await newest.read());
  const find = finder(gun, files);
  const snapshot = parseMetadata(
    'snapshot',
    await find('snapshot', timestamp.signed.meta.get('snapshot'), 'timestamp'),
  );
  const root = parseRoot(await find('root', snapshot.signed.meta.get('root'), 'snapshot'));
  verifyFile(root, rootAuthorityOf(root, gun, undefined));
  verifyFile(timestamp, authorityOf(root.signed, 'timestamp'));
  verifyFile(snapshot, authorityOf(root.signed, 'snapshot'));
  const { targets, skipped } = await verifyTargets(root, snapshot, find);
  const current = new Map<RoleName, number>(
    [root, timestamp, snapshot, ...targets.values()].map(({ role, version }) => [role, version]),
  );
  const kept: ImportFile[] = [];
  for (const file of files) {
    const limit = current.get(file.role);
    if (limit === undefined || file.version <= limit) kept.push(file);
    else leftOut.push(`${file.role} ${file.version}: newer than what the timestamp leads to`);
  }
  const rootsFrom = await oldestRoot(gun, root, kept);
  return { gun, root, timestamp, snapshot, targets, skipped, rootsFrom, files: kept, leftOut };
}

async function readFiles(gun: Gun, source: readonly SourceFile[]) {
  const files: ImportFile[] = [];
  const leftOut: string[] = [];
  const seen = new Set<string>();
  for (const one of source) {
    const { role: name, version: said } = one;
    const bytes = await one.read();
    try {
      const role = parseRoleName(name);
      const { version, sha256 } = parseMetadata(role, bytes);
      const place = `${role} ${version}`;
      if (version !== said) leftOut.push(`${role} ${said}: the file itself says ${version}`);
      else if (seen.has(place)) leftOut.push(`${place}: it is there twice`);
      else files.push(sameAgain(gun, one, { role, version, sha256 }));
      seen.add(place);
    } catch (error) {
      if (!isStoreError(error)) throw error;
      leftOut.push(`${name.slice(0, 255)} ${said}: ${error.message}`);
    }
  }
  return { files, leftOut };
}

/** The file, which is to be the same whenever it is read. */
function sameAgain(
  gun: Gun,
  source: SourceFile,
  { role, version, sha256 }: Pick<ImportFile, 'role' | 'version' | 'sha256'>,
): ImportFile {
  const read = async () => {
    const bytes = await source.read();
    if (digestOf(bytes) === `sha256:${sha256}`) return bytes;
    throw importError('IMPORT_CHANGED', { gun, role, version });
  };
  return { role, version, sha256, read };
}

function newestOf(files: readonly ImportFile[], role: RoleName): ImportFile | undefined {
  let newest: ImportFile | undefined;
  for (const file of files) {
    if (file.role === role && file.version > (newest?.version ?? 0)) newest = file;
  }
  return newest;
}

type Find = (role: RoleName, meta: FileMeta | undefined, by: RoleName) => Promise<Uint8Array>;

/** Finds files by what another one says of them: hashes and length hold for what it returns. */
function finder(gun: Gun, files: readonly ImportFile[]): Find {
  const bySha256 = new Map(files.map((file) => [`${file.role} ${file.sha256}`, file]));
  return async (role, meta, by) => {
    const sha256 = toHex(meta?.hashes.get('sha256') ?? new Uint8Array());
    const bytes = await bySha256.get(`${role} ${sha256}`)?.read();
    if (!meta || !bytes) throw importError('IMPORT_FILE_MISSING', { gun, role });
    requireMeta(role, bytes, meta, by);
    return bytes;
  };
}

async function verifyTargets(
  root: MetadataFile<Root>,
  snapshot: MetadataFile<Snapshot>,
  find: Find,
) {
  const { meta } = snapshot.signed;
  const top = parseMetadata('targets', await find('targets', meta.get('targets'), 'snapshot'));
  const targets = new Map<TargetsRole, MetadataFile<Targets>>([
    ['targets', verifyFile(top, authorityOf(root.signed, 'targets'))],
  ]);
  const skipped = new Map<DelegationName, StoreError>();
  // Entries are added while it is walked; each role is a child of the one that names it.
  for (const [, parent] of targets) {
    for (const { name } of parent.signed.delegations.roles) {
      const listed = meta.get(name);
      if (!listed || targets.has(name)) continue;
      const bytes = await find(name, listed, 'snapshot');
      const file = parseMetadata(name, bytes) as MetadataFile<Targets>;
      try {
        targets.set(name, verifyFile(file, delegatedAuthorityOf(parent.signed, name)));
      } catch (error) {
        if (!isStoreError(error)) throw error;
        skipped.set(name, error);
      }
    }
  }
  return { targets, skipped };
}

/** Walks back from the current root as long as each is signed by the one before it. */
async function oldestRoot(
  gun: Gun,
  current: MetadataFile<Root>,
  files: readonly ImportFile[],
): Promise<number> {
  const roots = new Map(
    files.filter(({ role }) => role === 'root').map((file) => [file.version, file]),
  );
  let next = current;
  for (;;) {
    const bytes = await roots.get(next.version - 1)?.read();
    if (!bytes) return next.version;
    try {
      const previous = parseRoot(bytes);
      verifyFile(next, rootAuthorityOf(previous, gun, undefined));
      next = previous;
    } catch (error) {
      if (!isStoreError(error)) throw error;
      return next.version;
    }
  }
}
