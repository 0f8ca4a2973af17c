import { type Digest, isStoreError, sha256Of } from '../base/index.ts';
import {
  type FileMeta,
  type KeyId,
  type PublicKey,
  releasesRole,
  type TargetsRole,
  withoutSigner,
  withSigner,
} from '../tuf/index.ts';
import { type DelegationChange, withDelegationChange } from './delegation-change.ts';
import { authorityIn, contentOf, type Draft, edited, heldKeys } from './draft.ts';
import { clientError } from './errors.ts';
import type { StoredKey } from './ports.ts';
import { isRemoved, type RoleChange, type TargetChange, withTargetChange } from './role-change.ts';
import { type RootChange, withRootChange } from './root-change.ts';

/** One thing to change in a repository. */
export type TrustChange =
  | {
      readonly kind: 'add-target';
      /** In content trust: the tag. */
      readonly name: string;
      readonly digest: Digest;
      readonly sizeBytes: number;
      /** The same image as it was signed before: its other hashes and its custom data stay. */
      readonly former?: Pick<FileMeta, 'hashes' | 'custom'>;
    }
  | { readonly kind: 'remove-target'; readonly name: string }
  | { readonly kind: 'add-signer'; readonly name: string; readonly keys: readonly PublicKey[] }
  | { readonly kind: 'remove-signer'; readonly name: string }
  | TargetChange
  | DelegationChange
  | RootChange
  | Staged;

/** A change of a changelist, on its way to be published. */
export interface Staged {
  readonly kind: 'staged';
  /** Its place in the list, from 0, and its file: what a person is told when it cannot be made. */
  readonly number: number;
  readonly file: string;
  readonly change: RoleChange;
}

/** What a wish for a target comes to, in a draft, with these keys; other changes name their roles. */
export type Stageable = RoleChange | Extract<TrustChange, { kind: 'add-target' | 'remove-target' }>;

/**
 * Makes one change, in the roles for which a key is at hand.
 *
 * A target is added to every delegation directly below `targets` whose key is held and whose paths
 * allow its name; to `targets` itself only where there are no delegations at all. It is removed
 * from every role whose key is held.
 *
 * @param held  the keys of this machine
 * @throws StoreError CLIENT_NO_SIGNING_KEY, CLIENT_TARGET_NOT_YOURS, CLIENT_NO_DELEGATION,
 *         CLIENT_KEY_NOT_FOUND, CLIENT_OUTSIDE_PATHS, CLIENT_STAGED_REFUSED, and what the edits of `tuf` throw
 * @see docker/cli 28.2.2, cli/trust/trust.go AddToAllSignableRoles, cli/command/trust/revoke.go
 */
export function withChange(
  draft: Draft,
  change: TrustChange,
  held: readonly StoredKey[],
  now: Date,
): Draft {
  switch (change.kind) {
    case 'add-target':
    case 'remove-target':
      return inRoles(draft, change, held, now).reduce(
        (next, each) => withChange(next, each, held, now),
        draft,
      );
    case 'create-target':
    case 'delete-target':
      return withTargetChange(draft, change, now);
    case 'staged':
      return withStaged(draft, change, held, now);
    case 'add-signer': {
      const targets = contentOf(draft, 'targets', now);
      return edited(draft, 'targets', withSigner(targets, change.name, change.keys));
    }
    case 'remove-signer':
      return withSignerRemoved(draft, change.name, held, now);
    case 'rotate-key':
    case 'witness-root':
      return withRootChange(draft, change);
    default:
      return withDelegationChange(draft, change, held, now);
  }
}

/**
 * The roles in which a change is made, as changes of each: those for which a key is at hand.
 * @throws StoreError CLIENT_NO_SIGNING_KEY, CLIENT_TARGET_NOT_YOURS
 */
export function inRoles(
  draft: Draft,
  change: Stageable,
  held: readonly StoredKey[],
  now: Date,
): readonly RoleChange[] {
  switch (change.kind) {
    case 'add-target': {
      const { name, sizeBytes, former } = change;
      const hashes = new Map(former?.hashes).set('sha256', sha256Of(change.digest));
      const meta = { ...former, sizeBytes, hashes };
      return signableRoles(draft, name, held, now).map(
        (role) => ({ kind: 'create-target', role, name, meta }) as const,
      );
    }
    case 'remove-target': {
      const { name } = change;
      const mine = [...draft.targets].filter(
        ([role, { targets }]) =>
          targets.has(name) && heldKeys(authorityIn(draft, role), held).length > 0,
      );
      if (mine.length === 0) throw clientError('CLIENT_TARGET_NOT_YOURS', { gun: draft.gun, name });
      return mine.map(([role]) => ({ kind: 'delete-target', role, name }) as const);
    }
    case 'trim-delegation':
    case 'purge-keys':
      return [{ ...change, keyIds: change.keyIds.map((id) => canonicalIdIn(draft, id)) }];
    default:
      return [change];
  }
}

/** Keys may be named by the id of their certificate, but not in a changelist. */
function canonicalIdIn({ targets }: Draft, id: KeyId): KeyId {
  const known = [...targets.values()].flatMap(({ delegations }) => delegations.keys.get(id) ?? []);
  return known[0]?.canonicalId ?? id;
}

function signableRoles(
  draft: Draft,
  name: string,
  held: readonly StoredKey[],
  now: Date,
): TargetsRole[] {
  const delegations = contentOf(draft, 'targets', now).delegations.roles;
  const roles: TargetsRole[] = delegations
    .filter(({ paths }) => paths.some((path) => name.startsWith(path)))
    .map((delegation) => delegation.name);
  const candidates: TargetsRole[] = delegations.length === 0 ? ['targets'] : roles;
  const mine = candidates.filter((role) => heldKeys(authorityIn(draft, role), held).length > 0);
  if (mine.length > 0) return mine;
  throw clientError('CLIENT_NO_SIGNING_KEY', { gun: draft.gun, roles: candidates });
}

/**
 * One that was staged long ago may find less than it was staged for: what it removes may be gone,
 * and then it is made. Anything else stops the whole list.
 */
function withStaged(
  draft: Draft,
  { number, file, change }: Staged,
  held: readonly StoredKey[],
  now: Date,
): Draft {
  if (isRemoved(draft, change)) return draft;
  try {
    return withChange(draft, change, held, now);
  } catch (error) {
    if (!isStoreError(error)) throw error;
    const detail = { gun: draft.gun, number, file, reason: error.message };
    throw clientError('CLIENT_STAGED_REFUSED', detail, error);
  }
}

/**
 * A signer's key leaves `targets/releases` with them. If theirs was its last signature, nothing in
 * it holds any more; whoever has another of its keys signs it again in the same update.
 */
function withSignerRemoved(
  draft: Draft,
  name: string,
  held: readonly StoredKey[],
  now: Date,
): Draft {
  const next = edited(draft, 'targets', withoutSigner(contentOf(draft, 'targets', now), name));
  const releases = next.targets.get(releasesRole);
  const mine = heldKeys(authorityIn(next, releasesRole), held);
  return releases && mine.length > 0 ? edited(next, releasesRole, releases) : next;
}
