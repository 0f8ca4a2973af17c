import { isStoreError } from '../base/index.ts';
import { type PublicKey, releasesRole, withoutSigner, withSigner } from '../tuf/index.ts';
import { type DelegationChange, withDelegationChange } from './delegation-change.ts';
import { authorityIn, contentOf, type Draft, edited, heldKeys, signedAgain } from './draft.ts';
import { clientError } from './errors.ts';
import { inRoles, type TargetWish } from './in-roles.ts';
import type { StoredKey } from './ports.ts';
import {
  isHomeless,
  isRemoved,
  type RoleChange,
  type TargetChange,
  withTargetChange,
} from './role-change.ts';
import { type RootChange, withRootChange } from './root-change.ts';

/** One thing to change in a repository. */
export type TrustChange =
  | TargetWish
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
  /** Whether the list removes the delegation behind it in which it is made. */
  readonly isUndone: boolean;
}

/**
 * Makes one change, in the roles for which a key is at hand.
 *
 * A target is added to every delegation directly below `targets` whose key is held and whose paths
 * allow its name; to `targets` itself only where there are no delegations at all. It is removed
 * from every role whose key is held.
 *
 * @param held  the keys of this machine
 * @throws StoreError CLIENT_NO_SIGNING_KEY, CLIENT_TARGET_NOT_YOURS, CLIENT_NO_DELEGATION,
 *         CLIENT_KEY_NOT_FOUND, CLIENT_OUTSIDE_PATHS, CLIENT_ROLE_UNSIGNED, CLIENT_ROLE_UNREAD,
 *         CLIENT_STAGED_REFUSED, and what the edits of `tuf` throw
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
 * One that was staged long ago may find less than it was staged for: what it removes may be gone, or
 * the delegation that the list removes later, and then it is made. Anything else stops the whole list.
 */
function withStaged(
  draft: Draft,
  { number, file, change, isUndone }: Staged,
  held: readonly StoredKey[],
  now: Date,
): Draft {
  if (isRemoved(draft, change) || (isUndone && isHomeless(draft, change))) return draft;
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
  return releases && mine.length > 0 ? signedAgain(next, releasesRole, releases) : next;
}
