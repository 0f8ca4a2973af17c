import { isStoreError, type Random, toHex } from '../../base/index.ts';
import {
  type Gun,
  parseGun,
  parseMetadata,
  type RoleName,
  releasesRole,
  repositoryOfGun,
} from '../../tuf/index.ts';
import type { Subject } from '../candidate.ts';
import { chainError } from '../errors.ts';
import { serializeEvidence, subjectJson } from '../evidence.ts';
import type { Admission, Admissions, Change, Opening, Pin, TrustFiles } from '../ports.ts';
import { isStagingRepository, type StagingRepository } from '../zones.ts';
import { delegationOf, releasedBindings } from './released-targets.ts';

const targetLimit = 10_000;
const idBytes = 8;

/** What admitting needs. */
export interface AdmitPorts {
  readonly admissions: Admissions;
  readonly trust: TrustFiles;
  readonly random: Random;
  /** The names of the store: a GUN of another host is nobody's staging. */
  readonly origins: readonly string[];
}

/** What became of one row of the changefeed. */
export interface Admitted {
  readonly gun: Gun;
  readonly opened: readonly string[];
  readonly trouble: Admission['trouble'];
}

/**
 * Opens a candidate for each tag that a producer's accepted update binds and that is not a
 * candidate yet. Nothing is verified here: whatever the metadata says becomes a candidate, and the
 * check refuses it by name. Metadata that cannot even be read opens nothing; that is written down,
 * and the cursor moves on.
 *
 * @returns undefined for a row that is not about a staging repository of this store
 */
export async function admitChange(
  ports: AdmitPorts,
  change: Change,
  now: Date,
): Promise<Admitted | undefined> {
  const staging = stagingOf(change, ports.origins);
  if (!staging) {
    await ports.admissions.skip(change.id);
    return undefined;
  }
  const { gun } = staging;
  const read = await readUpdate(ports, staging, change, now);
  const opened = await ports.admissions.admit({ change, ...staging, ...read, at: now });
  return { gun, opened, trouble: read.trouble };
}

/** True for a row that cannot open anything: it is not about a staging repository of this store. */
export function opensNothing(change: Change, origins: readonly string[]): boolean {
  return stagingOf(change, origins) === undefined;
}

interface Staging {
  readonly gun: Gun;
  readonly repository: StagingRepository;
}

function stagingOf(change: Change, origins: readonly string[]): Staging | undefined {
  if (change.category !== 'update') return undefined;
  const host = origins.find((origin) => change.gun.startsWith(`${origin}/staging/`));
  if (host === undefined) return undefined;
  const gun = parseGun(change.gun);
  const repository = repositoryOfGun(gun);
  return isStagingRepository(repository) ? { gun, repository } : undefined;
}

async function readUpdate(
  ports: AdmitPorts,
  { gun, repository }: Staging,
  change: Change,
  now: Date,
): Promise<Pick<Admission, 'pin' | 'openings' | 'trouble'>> {
  const set = new AcceptedSet(ports.trust, gun, await namedBySnapshot(ports.trust, gun, change));
  const pin = await firstRoot(ports, set, gun);
  try {
    const targets = await set.targets('targets');
    if (!targets) throw unreadable(gun, 'there is no targets file');
    const releases = delegationOf(targets.signed) && (await set.targets(releasesRole));
    const bindings = releasedBindings(targets.signed, releases?.signed);
    if (bindings.size > targetLimit) {
      throw chainError('ADMIT_TOO_MANY_TARGETS', {
        gun,
        count: bindings.size,
        limit: targetLimit,
      });
    }
    const known = await ports.admissions.known(repository);
    const openings = [...bindings.values()]
      .filter(({ tag, digest }) => !known.has(`${tag} ${digest}`))
      .map(({ tag, digest, sizeBytes, role }) => {
        const id = toHex(ports.random(idBytes));
        const about = { id, gun, repository, tag, digest, sizeBytes };
        return openingOf({ ...about, signedBy: role, admittedAt: now }, change);
      });
    return { pin, openings, trouble: undefined };
  } catch (error) {
    return { pin, openings: [], trouble: troubleOf(gun, error) };
  }
}

/** The roles of the accepted set by the sha256 that its snapshot gives them; empty when unreadable. */
async function namedBySnapshot(
  trust: TrustFiles,
  gun: Gun,
  change: Change,
): Promise<ReadonlyMap<string, string>> {
  try {
    const stored =
      change.sha256 === undefined
        ? undefined
        : await trust.byChecksum(gun, 'timestamp', change.sha256);
    if (!stored) return new Map();
    const { meta } = parseMetadata('timestamp', stored.bytes).signed;
    const named = toHex(meta.get('snapshot')?.hashes.get('sha256') ?? new Uint8Array());
    const snapshot = await trust.byChecksum(gun, 'snapshot', named);
    if (!snapshot) return new Map();
    const listed = parseMetadata('snapshot', snapshot.bytes).signed.meta;
    return new Map(
      [...listed].map(([role, { hashes }]) => [
        role,
        toHex(hashes.get('sha256') ?? new Uint8Array()),
      ]),
    );
  } catch (error) {
    if (isStoreError(error)) return new Map();
    throw error;
  }
}

/** Files of the update that a row is about; where that set is broken, what is there now. */
class AcceptedSet {
  readonly #trust: TrustFiles;
  readonly #gun: Gun;
  readonly #named: ReadonlyMap<string, string>;

  constructor(trust: TrustFiles, gun: Gun, named: ReadonlyMap<string, string>) {
    this.#trust = trust;
    this.#gun = gun;
    this.#named = named;
  }

  async bytes(role: RoleName): Promise<Uint8Array | undefined> {
    const sha256 = this.#named.get(role);
    const stored =
      (sha256 && (await this.#trust.byChecksum(this.#gun, role, sha256))) ||
      (await this.#trust.current(this.#gun, role));
    return stored?.bytes;
  }

  /** @throws StoreError TUF_MALFORMED and its kin */
  async targets(role: 'targets' | typeof releasesRole) {
    const bytes = await this.bytes(role);
    return bytes && parseMetadata(role, bytes);
  }
}

/** The root to pin, when none is. A root that cannot be read is not pinned; the check says so. */
async function firstRoot(ports: AdmitPorts, set: AcceptedSet, gun: Gun): Promise<Pin | undefined> {
  if (await ports.admissions.pin(gun)) return undefined;
  const rootBytes = await set.bytes('root');
  if (!rootBytes) return undefined;
  try {
    return { rootVersion: parseMetadata('root', rootBytes).version, rootBytes };
  } catch (error) {
    if (isStoreError(error)) return undefined;
    throw error;
  }
}

function openingOf(subject: Subject, change: Change): Opening {
  const evidence = serializeEvidence('admit', {
    candidate: subjectJson(subject),
    update: { change: change.id, timestampVersion: change.version, sha256: change.sha256 ?? null },
  });
  const { id: candidateId, admittedAt: at, gun } = subject;
  const reason = `${subject.signedBy} of ${gun} binds the tag`;
  return { subject, entry: { candidateId, at, step: 'admit', actor: 'store', reason, evidence } };
}

function troubleOf(gun: Gun, error: unknown): NonNullable<Admission['trouble']> {
  if (!isStoreError(error)) throw error;
  const { code, message } = error.code.startsWith('ADMIT_')
    ? error
    : unreadable(gun, error.message);
  return { code, reason: message };
}

function unreadable(gun: Gun, reason: string) {
  return chainError('ADMIT_METADATA_MALFORMED', { gun, reason });
}
