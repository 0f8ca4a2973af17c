import { type KeyId, type PublicKey, requireUsableKey } from './key.ts';
import type { Role, Root } from './metadata.ts';
import type { BaseRole } from './role-name.ts';

/**
 * Gives a base role other keys: a key rotation. The version is left alone (see `nextVersion`).
 * Keys that no role names any more are left out, except former root keys: those stay, as clients
 * expect.
 *
 * A root with other root keys must be signed by enough of the old ones *and* of the new ones, new
 * ones first; any other by the root keys it has.
 *
 * @param keys       the role's keys from now on
 * @param threshold  how many of them must sign; real clients only make 1
 * @throws StoreError TUF_KEY_INVALID
 * @see notary 0.7.0 tuf/tuf.go ReplaceBaseKeys
 */
export function withRoleKeys(
  root: Root,
  role: BaseRole,
  keys: readonly PublicKey[],
  threshold = 1,
): Root {
  const keyIds = [...new Set(keys.map((key) => requireUsableKey(key).id))];
  const roles = new Map<string, Role>(root.roles).set(role, { keyIds, threshold });
  const held = new Map<KeyId, PublicKey>(root.keys);
  for (const key of keys) held.set(key.id, key);
  const named = new Set([...roles.values()].flatMap((each) => each.keyIds));
  const dropped = role === 'root' ? [] : (root.roles.get(role)?.keyIds ?? []);
  for (const id of dropped) if (!named.has(id)) held.delete(id);
  return { ...root, keys: held, roles };
}
