import {
  type DelegationName,
  type DelegationRole,
  delegatedAuthorityOf,
  isDelegation,
  type KeyId,
  type PublicKey,
  parentOf,
  releasesRole,
  type Targets,
  type TargetsRole,
  withDelegation,
  withDelegationKeys,
  withoutDelegation,
  withoutDelegationKeys,
  withoutDelegationPaths,
} from '../tuf/index.ts';
import { authorityIn, contentOf, type Draft, edited, heldKeys, signedAgain } from './draft.ts';
import { clientError } from './errors.ts';
import type { StoredKey } from './ports.ts';

/** A change of who may sign what, or the same signed again. */
export type DelegationChange =
  | {
      readonly kind: 'add-delegation';
      readonly name: DelegationName;
      /** Keys and prefixes to add; a delegation that is there keeps the others. */
      readonly keys: readonly PublicKey[];
      readonly paths: readonly string[];
    }
  | { readonly kind: 'remove-delegation'; readonly name: DelegationName }
  | {
      readonly kind: 'trim-delegation';
      readonly name: DelegationName;
      /** TUF ids or canonical ids. */
      readonly keyIds: readonly KeyId[];
      readonly paths: readonly string[];
      /** Takes every prefix: it may sign nothing until it gets one. */
      readonly isEveryPath?: boolean;
    }
  /** Takes keys from every delegation whose parent's key is held. */
  | { readonly kind: 'purge-keys'; readonly keyIds: readonly KeyId[] }
  | {
      readonly kind: 'rotate-delegation';
      readonly name: DelegationName;
      /** From now on, in place of those it has. */
      readonly keys: readonly PublicKey[];
    }
  /** Signs a role again as it is: what stands in it is vouched for by who does. */
  | { readonly kind: 'witness'; readonly role: TargetsRole };

/**
 * @throws StoreError CLIENT_NO_DELEGATION, CLIENT_KEY_NOT_FOUND, CLIENT_ROLE_UNSIGNED,
 *         CLIENT_ROLE_UNREAD, and what the edits of `tuf` throw
 */
export function withDelegationChange(
  draft: Draft,
  change: DelegationChange,
  held: readonly StoredKey[],
  now: Date,
): Draft {
  switch (change.kind) {
    case 'add-delegation': {
      const { name, keys, paths } = change;
      const parent = requireParent(draft, name, now);
      return edited(draft, parentOf(name), withDelegation(parent, { name, keys, paths }));
    }
    case 'remove-delegation':
      requireDelegation(draft, change.name);
      return edited(
        draft,
        parentOf(change.name),
        withoutDelegation(requireParent(draft, change.name, now), change.name),
      );
    case 'trim-delegation':
      return trimmed(draft, change, now);
    case 'purge-keys':
      return purged(draft, change.keyIds, held);
    case 'rotate-delegation':
      return rotated(draft, change.name, change.keys, now);
    case 'witness':
      if (isDelegation(change.role)) requireDelegation(draft, change.role);
      return signedAgain(draft, change.role, contentOf(draft, change.role, now));
  }
}

function trimmed(
  draft: Draft,
  { name, keyIds, paths, isEveryPath = false }: DelegationChange & { kind: 'trim-delegation' },
  now: Date,
): Draft {
  const present = requireDelegation(draft, name);
  const parent = requireParent(draft, name, now);
  const gone = isEveryPath ? present.paths : paths;
  const left = withoutDelegationPaths(withoutDelegationKeys(parent, name, keyIds), name, gone);
  if (left === parent) throw clientError('CLIENT_KEY_NOT_FOUND', { gun: draft.gun, keyIds });
  return edited(draft, parentOf(name), left);
}

function purged(draft: Draft, keyIds: readonly KeyId[], held: readonly StoredKey[]): Draft {
  let next = draft;
  for (const [role, targets] of draft.targets) {
    if (heldKeys(authorityIn(draft, role), held).length === 0) continue;
    const left = targets.delegations.roles.reduce<Targets>(
      (each, { name }) => withoutDelegationKeys(each, name, keyIds),
      targets,
    );
    if (left !== targets) next = edited(next, role, left);
  }
  if (next === draft) throw clientError('CLIENT_KEY_NOT_FOUND', { gun: draft.gun, keyIds });
  return next;
}

/**
 * A signer's former keys leave `targets/releases` too, and the new ones come in, unless another
 * signer has them. What the former keys had signed is signed again in the same update.
 */
function rotated(draft: Draft, name: DelegationName, keys: readonly PublicKey[], now: Date): Draft {
  requireDelegation(draft, name);
  const role = parentOf(name);
  const former = [...delegatedAuthorityOf(requireParent(draft, name, now), name).keys.keys()];
  let parent = withDelegationKeys(requireParent(draft, name, now), name, keys);
  const touched: DelegationName[] = [name];
  const inReleases = keysOf(parent, releasesRole);
  if (role === 'targets' && name !== releasesRole && former.some((id) => inReleases.includes(id))) {
    const others = parent.delegations.roles.filter((each) => each.name !== releasesRole);
    const orphans = former.filter((id) => !others.some(({ keyIds }) => keyIds.includes(id)));
    parent = withoutDelegationKeys(parent, releasesRole, orphans);
    parent = withDelegation(parent, { name: releasesRole, keys, paths: [] });
    touched.push(releasesRole);
  }
  return touched.reduce(
    (next, each) => {
      const content = next.targets.get(each);
      return content ? signedAgain(next, each, content) : next;
    },
    edited(draft, role, parent),
  );
}

function keysOf(targets: Targets, name: DelegationName): readonly KeyId[] {
  return targets.delegations.roles.find((role) => role.name === name)?.keyIds ?? [];
}

/** A nested delegation needs the one above it, signed or about to be. */
function requireParent(draft: Draft, name: DelegationName, now: Date): Targets {
  const parent = parentOf(name);
  if (isDelegation(parent)) requireDelegation(draft, parent);
  return contentOf(draft, parent, now);
}

/** @throws StoreError CLIENT_NO_DELEGATION */
export function requireDelegation(draft: Draft, name: DelegationName): DelegationRole {
  const found = delegationIn(draft, name);
  if (found) return found;
  throw clientError('CLIENT_NO_DELEGATION', { gun: draft.gun, role: name });
}

/** What the role above says of a delegation; undefined when it does not name it. */
export function delegationIn(draft: Draft, name: DelegationName): DelegationRole | undefined {
  return draft.targets.get(parentOf(name))?.delegations.roles.find((role) => role.name === name);
}

/** Whether no role names a delegation: one above it that could not be read may still do so. */
export function isGone(draft: Draft, name: DelegationName): boolean {
  const parent = parentOf(name);
  if (!isDelegation(parent) || draft.targets.has(parent)) return !delegationIn(draft, name);
  return isEmpty(draft, parent);
}

/** Whether a delegation is known to hold nothing: no role names it, or nobody has signed it yet. */
export function isEmpty(draft: Draft, name: DelegationName): boolean {
  if (isGone(draft, name)) return true;
  const isNamed = delegationIn(draft, name) !== undefined;
  return isNamed && !draft.targets.has(name) && !draft.unread.has(name);
}
