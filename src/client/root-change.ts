import { type BaseRole, type PublicKey, withRoleKeys } from '../tuf/index.ts';
import { type Draft, signedAgain } from './draft.ts';

/** A change of the root itself. It must be signed by the root keys of before, too. */
export type RootChange =
  | {
      readonly kind: 'rotate-key';
      readonly role: BaseRole;
      /** From now on, in place of those it has. A root key stands in a certificate for the GUN. */
      readonly keys: readonly PublicKey[];
    }
  /** Signs it again as it is: another version, valid for ten years more. */
  | { readonly kind: 'witness-root' };

/**
 * A `targets` of other keys is signed again in the same update: by the former ones it would hold no
 * more.
 */
export function withRootChange(draft: Draft, change: RootChange): Draft {
  if (change.kind === 'witness-root') return { ...draft, root: { ...draft.root } };
  const { role, keys } = change;
  const next = { ...draft, root: withRoleKeys(draft.root, role, keys) };
  const targets = next.targets.get('targets');
  return role === 'targets' && targets ? signedAgain(next, 'targets', targets) : next;
}
