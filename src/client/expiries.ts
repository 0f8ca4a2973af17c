import {
  authorityOf,
  type DelegationName,
  leafCertificateOf,
  type MetadataFile,
  type RoleName,
  signersOf,
} from '../tuf/index.ts';
import type { Trust } from './open-trust.ts';
import type { StoredKey } from './ports.ts';

/** Something of a repository that ends some day. */
export interface Expiry {
  readonly kind: 'root' | 'root-certificate' | 'targets' | 'delegation' | 'snapshot' | 'timestamp';
  readonly role: RoleName;
  readonly expiresAt: Date;
  /** Who renews it: the server by itself, or who holds its keys. */
  readonly by: 'server' | 'publisher';
}

/**
 * When each verified file of a repository expires, and the certificates of the keys that signed its
 * root, soonest first. A delegation that has expired already, or does not verify, is not in it.
 *
 * @param held  the keys of this machine: who has the snapshot key renews it
 */
export function expiriesOf({ set }: Trust, held: readonly StoredKey[]): Expiry[] {
  const { root, timestamp, snapshot } = set;
  const signers = [...signersOf(root, authorityOf(root.signed, 'root')).values()];
  const certificates = signers.flatMap((key) => leafCertificateOf(key) ?? []);
  const snapshotKeys = [...authorityOf(root.signed, 'snapshot').keys.values()];
  const isOwn = snapshotKeys.some(({ canonicalId }) => held.some(({ id }) => id === canonicalId));
  const all: Expiry[] = [
    of('root', root, 'publisher'),
    ...certificates.map(
      ({ validToDate: expiresAt }) =>
        ({ kind: 'root-certificate', role: 'root', expiresAt, by: 'publisher' }) as const,
    ),
    of('timestamp', timestamp, 'server'),
    of('snapshot', snapshot, isOwn ? 'publisher' : 'server'),
    ...[...set.targets].map(([role, { file }]) =>
      of(role === 'targets' ? 'targets' : 'delegation', file, 'publisher'),
    ),
  ];
  return all.sort((a, b) => a.expiresAt.getTime() - b.expiresAt.getTime());
}

/** Delegations that are named and do not verify, with the reason. */
export function brokenDelegations({
  set,
}: Trust): { role: DelegationName; code: string; message: string }[] {
  return [...set.skipped].map(([role, { code, message }]) => ({ role, code, message }));
}

function of(kind: Expiry['kind'], { role, expiresAt }: MetadataFile, by: Expiry['by']): Expiry {
  return { kind, role, expiresAt, by };
}
