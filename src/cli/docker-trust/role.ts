import {
  type BaseRole,
  baseRoles,
  type DelegationName,
  parseDelegationName,
} from '../../tuf/index.ts';

/**
 * A role as people name it: a base role, a delegation, or a signer, who is `targets/NAME`.
 * @throws StoreError TUF_ROLE_INVALID
 */
export function parseRole(text: string): BaseRole | DelegationName {
  const base = baseRoles.find((role) => role === text);
  return base ?? parseDelegation(text);
}

/** @throws StoreError TUF_ROLE_INVALID */
export function parseDelegation(text: string): DelegationName {
  return parseDelegationName(text.startsWith('targets/') ? text : `targets/${text}`);
}
