import { isStoreError } from '../../base/index.ts';
import {
  type DelegationName,
  type Gun,
  type PublicKey,
  parseDelegationName,
  parseMetadata,
  type RoleName,
  releasesRole,
  type Targets,
  verifyFile,
} from '../../tuf/index.ts';
import { chainError } from '../errors.ts';
import type { TrustFiles } from '../ports.ts';

/** What the store has signed of a GUN, by role. */
export type OwnFiles = ReadonlyMap<DelegationName, Targets>;

/** `targets/<store name>`, which shows who signed, and `targets/releases`, which docker reads. */
export function storeRoles(storeName: string): readonly DelegationName[] {
  return [parseDelegationName(`targets/${storeName}`), releasesRole];
}

/**
 * The current files of the store's roles; those that are not there yet are left out.
 *
 * The store changes only files that it has signed itself: whoever could write the database could
 * otherwise have it sign a target that nobody reviewed.
 *
 * @param key  the store's
 * @throws StoreError SEAL_METADATA_FOREIGN
 */
export async function ownFiles(
  gun: Gun,
  storeName: string,
  trust: TrustFiles,
  key: PublicKey,
): Promise<OwnFiles> {
  const roles = storeRoles(storeName);
  await requireOwnDelegations(gun, trust, roles, key);
  const files = new Map<DelegationName, Targets>();
  for (const role of roles) {
    const file = await ownFile(gun, trust, role, key);
    if (file) files.set(role, file);
  }
  return files;
}

/** `targets` must delegate both roles to the store's key, and to no other. */
async function requireOwnDelegations(
  gun: Gun,
  trust: TrustFiles,
  roles: readonly DelegationName[],
  { id }: PublicKey,
): Promise<void> {
  const stored = await trust.current(gun, 'targets');
  if (!stored) throw foreign(gun, 'targets');
  const { delegations } = parseMetadata('targets', stored.bytes).signed;
  for (const role of roles) {
    const keyIds = delegations.roles.find(({ name }) => name === role)?.keyIds ?? [];
    if (keyIds.length !== 1 || keyIds[0] !== id) throw foreign(gun, role);
  }
}

/** The current file of a delegation, if there is one, signed by the store's key. */
async function ownFile(
  gun: Gun,
  trust: TrustFiles,
  role: DelegationName,
  key: PublicKey,
): Promise<Targets | undefined> {
  const stored = await trust.current(gun, role);
  if (!stored) return undefined;
  try {
    const file = parseMetadata(role, stored.bytes);
    return verifyFile(file, { role, keys: new Map([[key.id, key]]), threshold: 1 }).signed;
  } catch (error) {
    throw isStoreError(error) ? foreign(gun, role, error) : error;
  }
}

function foreign(gun: Gun, role: RoleName, cause?: unknown) {
  return chainError('SEAL_METADATA_FOREIGN', { gun, role }, cause);
}
