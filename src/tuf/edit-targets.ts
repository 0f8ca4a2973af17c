import { canonicalJsonOlpc, isStoreError, type Json } from '../base/index.ts';
import { tufError } from './errors.ts';
import { type KeyId, type PublicKey, requireUsableKey } from './key.ts';
import type { DelegationRole, FileMeta, Targets } from './metadata.ts';
import { type DelegationName, parseDelegationName, releasesRole } from './role-name.ts';
import { someText } from './texts.ts';

/*
 * Edits of a targets role. They are pure, leave version and expiry alone (see `nextVersion`), and
 * return the very same object when nothing would change, so that a caller can tell.
 */

/**
 * @returns targets in which the name means this file, whatever it meant before
 * @throws StoreError TUF_TARGET_NAME_INVALID, TUF_CUSTOM_INVALID for what a Go client could not
 *         read, or not sign again
 */
export function withTarget(targets: Targets, name: string, meta: FileMeta): Targets {
  requireTargetName(name);
  if (meta.custom !== undefined) requireCustom(name, meta.custom);
  return { ...targets, targets: new Map(targets.targets).set(name, meta) };
}

/** @returns targets without the name; the same object when it was not there */
export function withoutTarget(targets: Targets, name: string): Targets {
  if (!targets.targets.has(name)) return targets;
  const left = new Map(targets.targets);
  left.delete(name);
  return { ...targets, targets: left };
}

export interface DelegationEdit {
  readonly name: DelegationName;
  /** Keys to add. */
  readonly keys: readonly PublicKey[];
  /** Prefixes to add; default `['']`, every name. */
  readonly paths?: readonly string[];
  /** For a new delegation; default 1. An existing one keeps its own. */
  readonly threshold?: number;
}

/**
 * Adds a delegation at the end, or adds keys and prefixes to one that is there.
 * @throws StoreError TUF_KEY_INVALID
 */
export function withDelegation(targets: Targets, edit: DelegationEdit): Targets {
  const { name, keys, paths = [''], threshold = 1 } = edit;
  const ids = keys.map((key) => requireUsableKey(key).id);
  const { roles } = targets.delegations;
  const old = roles.find((role) => role.name === name) ?? {
    name,
    threshold,
    keyIds: [],
    paths: [],
  };
  const merged = { ...old, keyIds: union(old.keyIds, ids), paths: union(old.paths, paths) };
  const known = new Map(targets.delegations.keys);
  for (const key of keys) known.set(key.id, key);
  return withRoles(targets, replaced(roles, merged), known);
}

/** @returns targets without the delegation; the same object when it was not there */
export function withoutDelegation(targets: Targets, name: DelegationName): Targets {
  const { roles, keys } = targets.delegations;
  const left = roles.filter((role) => role.name !== name);
  return left.length === roles.length ? targets : withRoles(targets, left, keys);
}

/**
 * Takes keys from a delegation, which stays even when none is left: it then never verifies.
 * @param keyIds  TUF ids or canonical ids
 */
export function withoutDelegationKeys(
  targets: Targets,
  name: DelegationName,
  keyIds: readonly KeyId[],
): Targets {
  const { roles, keys } = targets.delegations;
  const old = roles.find((role) => role.name === name);
  const left = old?.keyIds.filter((id) => {
    const canonical = canonicalIdOf(keys, id);
    return !keyIds.includes(id) && !(canonical && keyIds.includes(canonical));
  });
  if (!old || !left || left.length === old.keyIds.length) return targets;
  return withRoles(targets, replaced(roles, { ...old, keyIds: left }), keys);
}

/** Takes prefixes from a delegation. Without any, it may sign nothing. */
export function withoutDelegationPaths(
  targets: Targets,
  name: DelegationName,
  paths: readonly string[],
): Targets {
  const { roles, keys } = targets.delegations;
  const old = roles.find((role) => role.name === name);
  const left = old?.paths.filter((path) => !paths.includes(path));
  if (!old || !left || left.length === old.paths.length) return targets;
  return withRoles(targets, replaced(roles, { ...old, paths: left }), keys);
}

/**
 * Gives a delegation other keys, in place of those it has: a key rotation.
 * @throws StoreError TUF_KEY_INVALID, TUF_DELEGATION_UNKNOWN
 */
export function withDelegationKeys(
  targets: Targets,
  name: DelegationName,
  keys: readonly PublicKey[],
): Targets {
  const old = targets.delegations.roles.find((role) => role.name === name);
  if (!old) throw tufError('TUF_DELEGATION_UNKNOWN', { role: name });
  const known = new Map(targets.delegations.keys);
  for (const key of keys) known.set(requireUsableKey(key).id, key);
  const keyIds = union(
    [],
    keys.map(({ id }) => id),
  );
  return withRoles(targets, replaced(targets.delegations.roles, { ...old, keyIds }), known);
}

/**
 * What `docker trust signer add` does: `targets/<signer>` and `targets/releases` with these keys,
 * both for every name.
 * @param signer  letters, digits, `-`, `_`; `releases` is not a signer
 * @throws StoreError TUF_ROLE_INVALID, TUF_KEY_INVALID
 */
export function withSigner(targets: Targets, signer: string, keys: readonly PublicKey[]): Targets {
  const added = withDelegation(targets, { name: signerRole(signer), keys });
  return withDelegation(added, { name: releasesRole, keys });
}

/**
 * What `docker trust signer remove` is meant to do: the signer's delegation goes, and its keys
 * leave `targets/releases` unless another signer has them too.
 * @throws StoreError TUF_ROLE_INVALID
 */
export function withoutSigner(targets: Targets, signer: string): Targets {
  const name = signerRole(signer);
  const own = targets.delegations.roles.find((role) => role.name === name);
  if (!own) return targets;
  const left = withoutDelegation(targets, name);
  const others = left.delegations.roles.filter((role) => role.name !== releasesRole);
  const orphans = own.keyIds.filter((id) => !others.some((role) => role.keyIds.includes(id)));
  return withoutDelegationKeys(left, releasesRole, orphans);
}

function signerRole(signer: string): DelegationName {
  const role = parseDelegationName(`targets/${signer}`);
  if (role === releasesRole || signer.includes('/'))
    throw tufError('TUF_ROLE_INVALID', { text: role });
  return role;
}

/** Keys that no delegation names any more are left out, as Notary does. */
function withRoles(
  targets: Targets,
  roles: readonly DelegationRole[],
  keys: ReadonlyMap<KeyId, PublicKey>,
): Targets {
  const named = new Set(roles.flatMap((role) => role.keyIds));
  const held = new Map([...keys].filter(([id]) => named.has(id)));
  return { ...targets, delegations: { keys: held, roles } };
}

function replaced(roles: readonly DelegationRole[], role: DelegationRole): DelegationRole[] {
  const known = roles.some(({ name }) => name === role.name);
  return known ? roles.map((old) => (old.name === role.name ? role : old)) : [...roles, role];
}

function union<T>(a: readonly T[], b: readonly T[]): T[] {
  return [...new Set([...a, ...b])];
}

function canonicalIdOf(keys: ReadonlyMap<KeyId, PublicKey>, id: KeyId): KeyId | undefined {
  return keys.get(id)?.canonicalId;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
const control = /[\u0000-\u001f]/;
/** What a Go client writes escaped inside a custom value, and then signs in the wrong form. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
const unsafeInCustom = /[\u0000-\u001f<>&\u2028\u2029]/;

function requireTargetName(name: string): void {
  const reason =
    name === ''
      ? 'it is empty'
      : control.test(name)
        ? 'it has a control character'
        : name.isWellFormed()
          ? undefined
          : 'it is not Unicode text';
  if (reason) throw tufError('TUF_TARGET_NAME_INVALID', { name: JSON.stringify(name), reason });
}

function requireCustom(name: string, custom: Json): void {
  const unfit = (reason: string) => tufError('TUF_CUSTOM_INVALID', { name, reason });
  if (custom === null) throw unfit('it is null');
  try {
    canonicalJsonOlpc(custom);
  } catch (error) {
    throw isStoreError(error) ? unfit(error.message) : error;
  }
  if (someText(custom, (text) => unsafeInCustom.test(text) || !text.isWellFormed())) {
    throw unfit('a text in it has a control character or one of < > &');
  }
}
