import { isStoreError } from '../base/index.ts';
import {
  type Authority,
  authorityOf,
  type DelegationName,
  delegatedAuthorityOf,
  type Gun,
  isDelegation,
  type KeyId,
  newTargets,
  type PublicKey,
  parentOf,
  type Root,
  type Targets,
  type TargetsRole,
  type TrustedSet,
} from '../tuf/index.ts';
import type { StoredKey } from './ports.ts';

/**
 * A repository's root and targets roles while they are being edited. Nothing in it is signed yet, and
 * versions are still those that were published.
 */
export interface Draft {
  readonly gun: Gun;
  readonly root: Root;
  /** Every role that has a content, changed or not. */
  readonly targets: ReadonlyMap<TargetsRole, Targets>;
  /** The roles that must be signed again. */
  readonly changed: ReadonlySet<TargetsRole>;
}

/**
 * A draft in which nothing has changed yet.
 * @param recovered  contents of roles that the set skipped
 */
export function draftOf(
  { gun, root, targets }: TrustedSet,
  recovered: ReadonlyMap<DelegationName, Targets>,
): Draft {
  const verified = [...targets].map(([role, { file }]) => [role, file.signed] as const);
  const contents = new Map<TargetsRole, Targets>([...recovered, ...verified]);
  return { gun, root: root.signed, targets: contents, changed: new Set() };
}

/** The keys that may sign a role of the draft. */
export function authorityIn(draft: Draft, role: TargetsRole): Authority {
  if (!isDelegation(role)) return authorityOf(draft.root, role);
  const parent = draft.targets.get(parentOf(role));
  if (parent) return delegatedAuthorityOf(parent, role);
  return { role, keys: new Map(), threshold: Number.POSITIVE_INFINITY };
}

/** Those keys of an authority that are in the store. */
export function heldKeys({ keys }: Authority, held: readonly StoredKey[]): PublicKey[] {
  return [...keys.values()].filter((key) => {
    const canonicalId = canonicalIdOf(key);
    return held.some(({ id }) => id === canonicalId);
  });
}

/** Undefined for a key in a certificate that cannot be read: nobody holds that one. */
function canonicalIdOf(key: PublicKey): KeyId | undefined {
  try {
    return key.canonicalId;
  } catch (error) {
    if (!isStoreError(error)) throw error;
    return undefined;
  }
}

/** What a role says in the draft; nothing yet for one that is new. */
export function contentOf(draft: Draft, role: TargetsRole, now: Date): Targets {
  return draft.targets.get(role) ?? newTargets(now);
}

/**
 * A change that changes nothing is signed all the same: who asked for it vouches for it. A delegation
 * that is no longer named leaves the draft with all below it: if it is named again, it begins anew.
 */
export function edited(draft: Draft, role: TargetsRole, content: Targets): Draft {
  const former = draft.targets.get(role)?.delegations.roles ?? [];
  const named = new Set(content.delegations.roles.map(({ name }) => name));
  const gone = former.map(({ name }) => name).filter((name) => !named.has(name));
  const stays = (each: TargetsRole) => !gone.some((name) => isWithin(each, name));
  return {
    ...draft,
    targets: new Map([...draft.targets].filter(([each]) => stays(each))).set(role, content),
    changed: new Set([...draft.changed, role].filter(stays)),
  };
}

/** Whether a role is this delegation, or below it. */
export function isWithin(role: TargetsRole, name: DelegationName): boolean {
  return role === name || role.startsWith(`${name}/`);
}
