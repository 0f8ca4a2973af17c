import { tufError } from './errors.ts';
import { isDelegation, type RoleName } from './role-name.ts';

const mebibyte = 1024 * 1024;

/**
 * How many bytes of a role's file are read at all. Notary reads 100 MiB, 1 MiB of a timestamp. Here
 * they bound how long one file may keep everybody waiting. 8 MiB are some sixty thousand tags.
 */
const limitBytes = {
  root: mebibyte,
  timestamp: mebibyte,
  snapshot: 2 * mebibyte,
  targets: 8 * mebibyte,
} as const;

/** The limit of this role, in bytes. */
export function limitBytesOf(role: RoleName): number {
  return limitBytes[isDelegation(role) ? 'targets' : role];
}

/** @throws StoreError TUF_TOO_LARGE when these are more than a file of this role may have */
export function requireSize(role: RoleName, bytes: Uint8Array): Uint8Array {
  const limit = limitBytesOf(role);
  if (bytes.length <= limit) return bytes;
  throw tufError('TUF_TOO_LARGE', { role, sizeBytes: bytes.length, limitBytes: limit });
}

/** How many versions of the root one refresh walks. */
export const mostRootRotations = 256;

/** How many delegations one file names, and one refresh follows. */
export const mostDelegations = 1000;

/** How many prefixes one delegation has: each is compared with each of its parent's. */
export const mostPaths = 1000;
