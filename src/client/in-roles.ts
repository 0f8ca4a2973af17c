import { type Digest, sha256Of } from '../base/index.ts';
import type { FileMeta, KeyId, TargetsRole } from '../tuf/index.ts';
import { authorityIn, contentOf, type Draft, heldKeys } from './draft.ts';
import { clientError } from './errors.ts';
import type { StoredKey } from './ports.ts';
import type { RoleChange } from './role-change.ts';

/** What is wished for a target, in whatever roles one holds a key of. */
export type TargetWish =
  | {
      readonly kind: 'add-target';
      /** In content trust: the tag. */
      readonly name: string;
      readonly digest: Digest;
      readonly sizeBytes: number;
      /** The same image as it was signed before: its other hashes and its custom data stay. */
      readonly former?: Pick<FileMeta, 'hashes' | 'custom'>;
    }
  | { readonly kind: 'remove-target'; readonly name: string };

/** What can wait in a changelist: a wish comes to changes of roles when it is staged. */
export type Stageable = RoleChange | TargetWish;

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
