import { isDelegation, type RoleName } from './role-name.ts';

const mebibyte = 1024 * 1024;

/** How many bytes of a role's file are read at all. Notary reads 100 MiB, 1 MiB of a timestamp. */
export const limitBytes = {
  root: 4 * mebibyte,
  timestamp: mebibyte,
  snapshot: 16 * mebibyte,
  targets: 32 * mebibyte,
} as const;

/** The limit of this role, in bytes. */
export function limitBytesOf(role: RoleName): number {
  return limitBytes[isDelegation(role) ? 'targets' : role];
}

/** How many versions of the root one refresh walks. */
export const mostRootRotations = 256;

/** How many delegations one refresh follows. */
export const mostDelegations = 1000;
