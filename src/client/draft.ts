import { isStoreError } from '../base/index.ts';
import {
  type Authority,
  authorityOf,
  type DelegationName,
  delegatedAuthorityOf,
  type Gun,
  isDelegation,
  type KeyId,
  type MetadataFile,
  newTargets,
  type PublicKey,
  parentOf,
  type Root,
  signersOf,
  type Targets,
  type TargetsRole,
  type TrustedSet,
} from '../tuf/index.ts';
import { clientError } from './errors.ts';
import type { StoredKey } from './ports.ts';
import type { Recovered } from './recover.ts';

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
  /** The others as they were published: what stands in them holds by these signatures. */
  readonly published: ReadonlyMap<TargetsRole, MetadataFile<Targets>>;
  /** Delegations that were signed once, and whose content could not be read now. */
  readonly unread: ReadonlySet<DelegationName>;
}

/**
 * A draft in which nothing has changed yet.
 * @param recovered  contents of roles that the set skipped
 */
export function draftOf(set: TrustedSet, recovered: ReadonlyMap<DelegationName, Recovered>): Draft {
  const targets = new Map<TargetsRole, Targets>();
  const published = new Map<TargetsRole, MetadataFile<Targets>>();
  // Those above come first: what was recovered stands below what was verified.
  for (const [role, { file }] of set.targets) {
    targets.set(role, file.signed);
    published.set(role, file);
  }
  for (const [role, { content, file }] of recovered) {
    targets.set(role, content);
    if (file) published.set(role, file);
  }
  const { gun, root } = set;
  const unread = unreadOf(set, targets);
  return { gun, root: root.signed, targets, changed: new Set(), published, unread };
}

/** One that nobody has signed yet stands in no snapshot, and was never seen. */
function unreadOf(
  { snapshot, seen }: TrustedSet,
  targets: ReadonlyMap<TargetsRole, Targets>,
): ReadonlySet<DelegationName> {
  const named = [...targets.values()].flatMap(({ delegations }) => delegations.roles);
  const without = named.map(({ name }) => name).filter((name) => !targets.has(name));
  return new Set(without.filter((name) => snapshot.signed.meta.has(name) || seen.has(name)));
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

/**
 * {@link heldKeys}, if they are as many as must sign.
 * @throws StoreError CLIENT_KEY_MISSING
 */
export function requireHeldKeys(
  { gun }: Draft,
  authority: Authority,
  held: readonly StoredKey[],
): PublicKey[] {
  const mine = heldKeys(authority, held);
  const { role, keys, threshold } = authority;
  if (mine.length >= threshold) return mine;
  throw clientError('CLIENT_KEY_MISSING', { gun, role, threshold, keyIds: [...keys.keys()] });
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

/**
 * What a role says in the draft; nothing yet for one that is new.
 * @throws StoreError CLIENT_ROLE_UNREAD
 */
export function contentOf(draft: Draft, role: TargetsRole, now: Date): Targets {
  const { gun, targets, unread } = draft;
  const content = targets.get(role);
  if (!content && isDelegation(role) && unread.has(role)) {
    throw clientError('CLIENT_ROLE_UNREAD', { gun, role, above: parentOf(role) });
  }
  return content ?? newTargets(now);
}

/**
 * A role with another content. Who signs it signs all that is in it: where the changes before took
 * away those by whose signatures it holds (a stolen key, perhaps), it must be witnessed first.
 * @throws StoreError CLIENT_ROLE_UNSIGNED
 */
export function edited(draft: Draft, role: TargetsRole, content: Targets): Draft {
  const { gun, published } = draft;
  const file = published.get(role);
  const authority = authorityIn(draft, role);
  if (file && signersOf(file, authority).size < authority.threshold) {
    throw clientError('CLIENT_ROLE_UNSIGNED', { gun, role });
  }
  return signedAgain(draft, role, content);
}

/**
 * A change that changes nothing is signed all the same: who asked for it vouches for it. A delegation
 * that is no longer named leaves the draft with all below it: if it is named again, it begins anew.
 */
export function signedAgain(draft: Draft, role: TargetsRole, content: Targets): Draft {
  const former = draft.targets.get(role)?.delegations.roles ?? [];
  const named = new Set(content.delegations.roles.map(({ name }) => name));
  const gone = former.map(({ name }) => name).filter((name) => !named.has(name));
  const stays = (each: TargetsRole) => !gone.some((name) => isWithin(each, name));
  const published = new Map([...draft.published].filter(([each]) => stays(each)));
  published.delete(role);
  return {
    ...draft,
    targets: new Map([...draft.targets].filter(([each]) => stays(each))).set(role, content),
    changed: new Set([...draft.changed, role].filter(stays)),
    published,
  };
}

/** Whether a role is this delegation, or below it. */
export function isWithin(role: TargetsRole, name: DelegationName): boolean {
  return role === name || role.startsWith(`${name}/`);
}
