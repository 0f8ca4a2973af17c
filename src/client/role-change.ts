import {
  type DelegationName,
  type FileMeta,
  isDelegation,
  parentOf,
  type TargetsRole,
  withoutTarget,
  withTarget,
} from '../tuf/index.ts';
import {
  type DelegationChange,
  delegationIn,
  isEmpty,
  isGone,
  requireDelegation,
} from './delegation-change.ts';
import { contentOf, type Draft, edited } from './draft.ts';
import { clientError } from './errors.ts';
import type { RootChange } from './root-change.ts';

/** A target of one role, and no other, whoever holds which keys. */
export type TargetChange =
  | {
      readonly kind: 'create-target';
      readonly role: TargetsRole;
      readonly name: string;
      readonly meta: FileMeta;
    }
  | { readonly kind: 'delete-target'; readonly role: TargetsRole; readonly name: string };

/**
 * A change that names its role, and so means tomorrow what it means today: what can wait in a
 * changelist. New keys cannot; they are made when they are published.
 */
export type RoleChange =
  | TargetChange
  | Exclude<DelegationChange, { kind: 'rotate-delegation' }>
  | Extract<RootChange, { kind: 'witness-root' }>;

/**
 * @throws StoreError CLIENT_NO_DELEGATION, CLIENT_OUTSIDE_PATHS, CLIENT_ROLE_UNSIGNED,
 *         CLIENT_ROLE_UNREAD, and what `withTarget` throws
 * @see notary 0.7.0 tuf/tuf.go AddTargets, RemoveTargets
 */
export function withTargetChange(draft: Draft, change: TargetChange, now: Date): Draft {
  const { role, name } = change;
  if (isDelegation(role)) requireDelegation(draft, role);
  const content = contentOf(draft, role, now);
  if (change.kind === 'delete-target') return edited(draft, role, withoutTarget(content, name));
  requireWithinPaths(draft, role, name);
  return edited(draft, role, withTarget(content, name, change.meta));
}

/**
 * Whether nothing is left of what a change removes: then it is made already, by somebody else or by
 * a publish that was cut off behind the server's answer.
 */
export function isRemoved(draft: Draft, change: RoleChange): boolean {
  switch (change.kind) {
    case 'delete-target': {
      const { role, name } = change;
      const content = draft.targets.get(role);
      if (content) return !content.targets.has(name);
      return !isDelegation(role) || isEmpty(draft, role);
    }
    case 'remove-delegation':
      return isGone(draft, change.name);
    case 'trim-delegation': {
      const { name, keyIds, paths, isEveryPath = false } = change;
      const present = delegationIn(draft, name);
      if (!present) return isGone(draft, name);
      const gone = isEveryPath ? present.paths : paths;
      return !gone.some((path) => present.paths.includes(path)) && !hasKey(draft, keyIds, name);
    }
    case 'purge-keys':
      return draft.unread.size === 0 && !hasKey(draft, change.keyIds);
    default:
      return false;
  }
}

/**
 * The delegation that a change is made in, or of; the one above it for a new one.
 * @returns undefined for what is changed in `targets`, or in any role
 */
export function homeOf(change: RoleChange): DelegationName | undefined {
  switch (change.kind) {
    case 'create-target':
    case 'delete-target':
    case 'witness':
      return delegationOf(change.role);
    case 'trim-delegation':
      return change.name;
    case 'add-delegation':
    case 'remove-delegation':
      return delegationOf(parentOf(change.name));
    case 'purge-keys':
    case 'witness-root':
      return undefined;
  }
}

/** Whether nothing names the delegation that a change is made in, or of. */
export function isHomeless(draft: Draft, change: RoleChange): boolean {
  const home = homeOf(change);
  return home !== undefined && isGone(draft, home);
}

function delegationOf(role: TargetsRole): DelegationName | undefined {
  return isDelegation(role) ? role : undefined;
}

/** Each role above must allow the name too, or no reader would find the target. */
function requireWithinPaths(draft: Draft, role: TargetsRole, name: string): void {
  if (!isDelegation(role)) return;
  const { paths } = requireDelegation(draft, role);
  if (!paths.some((path) => name.startsWith(path))) {
    throw clientError('CLIENT_OUTSIDE_PATHS', { gun: draft.gun, role, name, paths });
  }
  requireWithinPaths(draft, parentOf(role), name);
}

/** Whether a delegation, or any without a name, has one of these keys, by TUF ids or canonical ids. */
function hasKey(draft: Draft, keyIds: readonly string[], name?: string): boolean {
  return [...draft.targets.values()].some(({ delegations: { keys, roles } }) =>
    roles
      .filter((role) => name === undefined || role.name === name)
      .flatMap((role) => role.keyIds)
      .some((id) => keyIds.includes(id) || keyIds.includes(keys.get(id)?.canonicalId ?? id)),
  );
}
