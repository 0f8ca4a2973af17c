import { type Digest, isStoreError, sha256Of } from '../base/index.ts';
import {
  type Authority,
  authorityOf,
  type DelegationName,
  delegatedAuthorityOf,
  type FileMeta,
  type Gun,
  isDelegation,
  type KeyId,
  newTargets,
  type PublicKey,
  parentOf,
  type Root,
  releasesRole,
  type Targets,
  type TargetsRole,
  type TrustedSet,
  withoutSigner,
  withoutTarget,
  withSigner,
  withTarget,
} from '../tuf/index.ts';
import { clientError } from './errors.ts';
import type { StoredKey } from './ports.ts';

/** One thing to change in a repository. */
export type TrustChange =
  | {
      readonly kind: 'add-target';
      /** In content trust: the tag. */
      readonly name: string;
      readonly digest: Digest;
      readonly sizeBytes: number;
    }
  | { readonly kind: 'remove-target'; readonly name: string }
  | { readonly kind: 'add-signer'; readonly name: string; readonly keys: readonly PublicKey[] }
  | { readonly kind: 'remove-signer'; readonly name: string };

/**
 * A repository's targets roles while they are being edited. Nothing in it is signed yet, and
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

/**
 * Makes one change, in the roles for which a key is at hand.
 *
 * A target is added to every delegation directly below `targets` whose key is held and whose paths
 * allow its name; to `targets` itself only where there are no delegations at all. It is removed
 * from every role whose key is held.
 *
 * @param held  the keys of this machine
 * @throws StoreError CLIENT_NO_SIGNING_KEY, CLIENT_TARGET_NOT_YOURS, and what the edits of `tuf` throw
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
      const hashes = new Map([['sha256', sha256Of(change.digest)]]);
      const meta = { sizeBytes: change.sizeBytes, hashes };
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
  }
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

function contentOf(draft: Draft, role: TargetsRole, now: Date): Targets {
  return draft.targets.get(role) ?? newTargets(now);
}

/** A change that changes nothing is signed all the same: who asked for it vouches for it. */
function edited(draft: Draft, role: TargetsRole, targets: Targets): Draft {
  return {
    ...draft,
    targets: new Map(draft.targets).set(role, targets),
    changed: new Set(draft.changed).add(role),
  };
}
