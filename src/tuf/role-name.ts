import { tufError } from './errors.ts';

/** The four roles every repository has. Their literals are role names without parsing. */
export type BaseRole = 'root' | 'targets' | 'snapshot' | 'timestamp';

/** `targets/...`: a role that `targets`, or a delegation above it, delegates to. */
export type DelegationName = `targets/${string}` & { readonly __brand: 'DelegationName' };

/** A role that signs targets. */
export type TargetsRole = 'targets' | DelegationName;

/** A role whose files a server stores and serves. */
export type RoleName = BaseRole | DelegationName;

export const baseRoles: readonly BaseRole[] = ['root', 'targets', 'snapshot', 'timestamp'];

const longestBytes = 255;
const delegation = /^targets(?:\/[-a-z0-9_]+)+$/;

/** The delegation that `docker` reads first: what it signs is released. */
export const releasesRole = parseDelegationName('targets/releases');

/**
 * @param text  a role as clients write it, without `.json`
 * @throws StoreError TUF_ROLE_INVALID
 * @see notary 0.7.0 tuf/data/roles.go ValidRole, IsDelegation
 */
export function parseRoleName(text: string): RoleName {
  if ((baseRoles as readonly string[]).includes(text)) return text as BaseRole;
  return parseDelegationName(text);
}

/** @throws StoreError TUF_ROLE_INVALID when the text is not a delegation's name */
export function parseDelegationName(text: string): DelegationName {
  if (text.length > longestBytes || !delegation.test(text)) {
    throw tufError('TUF_ROLE_INVALID', { text: text.slice(0, longestBytes) });
  }
  return text as DelegationName;
}

/** True for `targets/...`. */
export function isDelegation(role: RoleName): role is DelegationName {
  return role.startsWith('targets/');
}

/** True for `targets` and every delegation. */
export function isTargetsRole(role: RoleName): role is TargetsRole {
  return role === 'targets' || isDelegation(role);
}

/** The role that must name this delegation: its path without the last part. */
export function parentOf(role: DelegationName): TargetsRole {
  return role.slice(0, role.lastIndexOf('/')) as TargetsRole;
}
