import { tufError } from './errors.ts';
import type { Gun } from './gun.ts';
import { materialOf, type PublicKey, requireUsableKey } from './key.ts';
import type { Root, Targets } from './metadata.ts';
import { expiryOf } from './next-version.ts';
import { baseRoles } from './role-name.ts';

/** The keys of a repository that is about to exist. */
export interface NewRepository {
  readonly gun: Gun;
  /** `ecdsa-x509` or `rsa-x509`: PEM certificate made out to the GUN. Made by whoever holds its key. */
  readonly rootKey: PublicKey;
  readonly targetsKey: PublicKey;
  /** The server's when it manages the snapshot, else the publisher's. */
  readonly snapshotKey: PublicKey;
  /** Always the server's. */
  readonly timestampKey: PublicKey;
  readonly now: Date;
}

/**
 * Root and targets of a new repository, version 1, unsigned, every threshold 1. Sign root with the
 * root key and targets with the targets key; a server that manages the snapshot makes the rest.
 *
 * @throws StoreError TUF_KEY_INVALID, also for a root key without a certificate. Whether the
 *         certificate is made out to the GUN shows when the signed root is verified
 */
export function newRepository(keys: NewRepository): {
  readonly root: Root;
  readonly targets: Targets;
} {
  const { rootKey, targetsKey, snapshotKey, timestampKey, now } = keys;
  if (materialOf(rootKey).certificates.length === 0) {
    throw tufError('TUF_KEY_INVALID', { reason: 'a root key needs a certificate' });
  }
  const byRole = {
    root: rootKey,
    targets: targetsKey,
    snapshot: snapshotKey,
    timestamp: timestampKey,
  };
  const root: Root = {
    type: 'Root',
    version: 1,
    expiresAt: expiryOf('root', now),
    consistentSnapshot: false,
    keys: new Map(Object.values(byRole).map((key) => [requireUsableKey(key).id, key])),
    roles: new Map(baseRoles.map((role) => [role, { keyIds: [byRole[role].id], threshold: 1 }])),
  };
  return { root, targets: newTargets(now) };
}

/** Targets, or a delegation, with nothing in it: version 1, unsigned. */
export function newTargets(now: Date): Targets {
  return {
    type: 'Targets',
    version: 1,
    expiresAt: expiryOf('targets', now),
    delegations: { keys: new Map(), roles: [] },
    targets: new Map(),
  };
}
