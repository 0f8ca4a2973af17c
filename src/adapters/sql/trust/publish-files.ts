import { type FileVersion, type Standing, trustError } from '../../../trust/index.ts';
import type { Gun, RoleName } from '../../../tuf/index.ts';
import type { Tx } from '../database.ts';
import { type Place, prepared } from '../prepared.ts';
import { ask, type Steps, takeSteps } from '../steps.ts';
import { expirySteps } from './expiry-index.ts';

/**
 * Publishes the files of one update inside a transaction that may hold more than that: the chain
 * makes manifest, tag and trust metadata visible in one step.
 *
 * The transaction holds the lock of the GUN, see `lockNames.gun`: what is highest here stays so.
 *
 * @param files  what `TrustServer.decide` returned for this GUN; none is no change at all
 * @param over   as of `MetadataStore.publish`
 * @throws StoreError TRUST_VERSION_CONFLICT; the transaction must then be given up
 */
export function publishFiles(
  tx: Tx,
  gun: Gun,
  files: readonly FileVersion[],
  now: Date,
  over?: Standing,
): Promise<void> {
  return takeSteps(tx, publishSteps(gun, files, now, over));
}

/** {@link publishFiles}, for whoever runs its steps. */
export function* publishSteps(
  gun: Gun,
  files: readonly FileVersion[],
  now: Date,
  over?: Standing,
): Steps<void> {
  if (over !== undefined && files.length > 0) yield* requireOver(gun, over);
  const createdAt = now.getTime();
  for (const file of files) {
    const { role, version } = file;
    const stored = yield* highestVersionSteps(gun, role);
    if (stored >= version) throw trustError('TRUST_VERSION_CONFLICT', { role, version, stored });
    yield* ask(insertFile({ gun, file, createdAt }));
  }
  yield* expirySteps(gun, files, now);
  const timestamp = files.find((file) => file.role === 'timestamp');
  if (timestamp) yield* ask(insertChange({ gun, file: timestamp, createdAt }));
  else if (files.length > 0) throw new TypeError('files are published with a timestamp over them');
}

/** The version that is published of a role; 0 when there is none. */
export function highestVersion(tx: Tx, gun: Gun, role: RoleName): Promise<number> {
  return takeSteps(tx, highestVersionSteps(gun, role));
}

function* highestVersionSteps(gun: Gun, role: RoleName): Steps<number> {
  const [row] = yield* ask(selectHighest({ gun, role }));
  return row?.version ?? 0;
}

/**
 * A change was made over this standing, and it is still how the repository stands.
 * @throws StoreError TRUST_VERSION_CONFLICT
 */
export function requireStanding(tx: Tx, gun: Gun, over: Standing): Promise<void> {
  return takeSteps(tx, requireOver(gun, over));
}

function* requireOver(gun: Gun, over: Standing): Steps<void> {
  const published = yield* highestVersionSteps(gun, 'timestamp');
  const standing = published || -(yield* retiredSteps(gun, 'timestamp'));
  if (standing === over) return;
  const [version, stored] = [Math.abs(over) + 1, Math.abs(standing)];
  throw trustError('TRUST_VERSION_CONFLICT', { role: 'timestamp', version, stored });
}

function* retiredSteps(gun: Gun, role: RoleName): Steps<number> {
  const [row] = yield* ask(selectRetired({ gun, role }));
  return row?.version ?? 0;
}

interface Insertion {
  readonly gun: Gun;
  readonly file: FileVersion;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

const selectHighest = prepared((db, place: Place<{ gun: Gun; role: RoleName }>) =>
  db
    .selectFrom('tuf_files')
    .select('version')
    .where(
      'gun',
      '=',
      place(({ gun }) => gun),
    )
    .where(
      'role',
      '=',
      place(({ role }) => role),
    )
    .orderBy('version', 'desc')
    .limit(1),
);

const selectRetired = prepared((db, place: Place<{ gun: Gun; role: RoleName }>) =>
  db
    .selectFrom('retired_versions')
    .select('version')
    .where(
      'gun',
      '=',
      place(({ gun }) => gun),
    )
    .where(
      'role',
      '=',
      place(({ role }) => role),
    ),
);

const insertFile = prepared((db, place: Place<Insertion>) =>
  db.insertInto('tuf_files').values({
    gun: place(({ gun }) => gun),
    role: place(({ file }) => file.role),
    version: place(({ file }) => file.version),
    sha256: place(({ file }) => file.sha256),
    bytes: place(({ file }) => file.bytes),
    created_at: place(({ createdAt }) => createdAt),
  }),
);

const insertChange = prepared((db, place: Place<Insertion>) =>
  db.insertInto('changefeed').values({
    created_at: place(({ createdAt }) => createdAt),
    gun: place(({ gun }) => gun),
    version: place(({ file }) => file.version),
    sha256: place(({ file }) => file.sha256),
    category: 'update',
  }),
);
