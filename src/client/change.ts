import { type Digest, sha256Of } from '../base/index.ts';
import {
  type FileMeta,
  type PublicKey,
  releasesRole,
  type TargetsRole,
  withoutSigner,
  withoutTarget,
  withSigner,
  withTarget,
} from '../tuf/index.ts';
import { type DelegationChange, withDelegationChange } from './delegation-change.ts';
import { authorityIn, contentOf, type Draft, edited, heldKeys } from './draft.ts';
import { clientError } from './errors.ts';
import type { StoredKey } from './ports.ts';
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
  | DelegationChange
  | RootChange;

/**
 * Makes one change, in the roles for which a key is at hand.
 *
 * A target is added to every delegation directly below `targets` whose key is held and whose paths
 * allow its name; to `targets` itself only where there are no delegations at all. It is removed
 * from every role whose key is held.
 *
 * @param held  the keys of this machine
 * @throws StoreError CLIENT_NO_SIGNING_KEY, CLIENT_TARGET_NOT_YOURS, CLIENT_NO_DELEGATION,
 *         CLIENT_KEY_NOT_FOUND, and what the edits of `tuf` throw
 * @see docker/cli 28.2.2, cli/trust/trust.go AddToAllSignableRoles, cli/command/trust/revoke.go
 */
export function withChange(
  draft: Draft,
  change: TrustChange,
  held: readonly StoredKey[],
  now: Date,
): Draft {
  switch (change.kind) {
    case 'add-target': {
      const { sizeBytes, former } = change;
      const hashes = new Map(former?.hashes).set('sha256', sha256Of(change.digest));
      const meta = { ...former, sizeBytes, hashes };
      return withTargetAdded(draft, change.name, meta, held, now);
    }
    case 'remove-target':
      return withTargetRemoved(draft, change.name, held);
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

function withTargetAdded(
  draft: Draft,
  name: string,
  meta: FileMeta,
  held: readonly StoredKey[],
  now: Date,
): Draft {
  const delegations = contentOf(draft, 'targets', now).delegations.roles;
  const roles: TargetsRole[] = delegations
    .filter(({ paths }) => paths.some((path) => name.startsWith(path)))
    .map((delegation) => delegation.name);
  const candidates: TargetsRole[] = delegations.length === 0 ? ['targets'] : roles;
  const mine = candidates.filter((role) => heldKeys(authorityIn(draft, role), held).length > 0);
  if (mine.length === 0) {
    throw clientError('CLIENT_NO_SIGNING_KEY', { gun: draft.gun, roles: candidates });
  }
  return mine.reduce(
    (next, role) => edited(next, role, withTarget(contentOf(next, role, now), name, meta)),
    draft,
  );
}

function withTargetRemoved(draft: Draft, name: string, held: readonly StoredKey[]): Draft {
  const mine = [...draft.targets].filter(
    ([role, { targets }]) =>
      targets.has(name) && heldKeys(authorityIn(draft, role), held).length > 0,
  );
  if (mine.length === 0) throw clientError('CLIENT_TARGET_NOT_YOURS', { gun: draft.gun, name });
  return mine.reduce(
    (next, [role, targets]) => edited(next, role, withoutTarget(targets, name)),
    draft,
  );
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
