import {
  authorityOf,
  type BaseRole,
  type DelegationName,
  delegatedAuthorityOf,
  isDelegation,
  type KeyId,
  type PublicKey,
  parentOf,
  type TrustedSet,
} from '../tuf/index.ts';
import type { TrustChange } from './change.ts';
import { clientError } from './errors.ts';
import type { KeyStore } from './ports.ts';
import { type Published, type PublishRequest, publish } from './publish.ts';

export interface RotateRequest extends Omit<PublishRequest, 'changes' | 'whenNew'> {
  readonly role: BaseRole | DelegationName;
  /** `new`: one is made and kept. A key id: one of the store. `server`: the server makes it. */
  readonly to: 'new' | 'server' | KeyId;
}

export interface Rotated extends Published {
  /** Canonical ids of the keys of the role before, and of the one it has now. */
  readonly former: readonly KeyId[];
  readonly key: KeyId;
}

/**
 * Gives a role another key in place of those it has, and signs again what these had signed. The
 * former private keys stay where they are: a client that has not seen the new root for long is led
 * to it by them, and a mistake can be undone.
 *
 * The key is made only when the repository was seen to be there. If publishing then fails, it is in
 * the store, and of no use yet.
 *
 * @throws StoreError CLIENT_KEY_OF_SERVER, CLIENT_KEY_OF_PUBLISHER, CLIENT_NO_DELEGATION, and what
 *         {@link publish} throws
 */
export async function rotateKey(request: RotateRequest): Promise<Rotated> {
  const { role, to } = request;
  if (role === 'timestamp' && to !== 'server') throw clientError('CLIENT_KEY_OF_SERVER', { role });
  const isPublishers = role !== 'timestamp' && role !== 'snapshot';
  if (isPublishers && to === 'server') throw clientError('CLIENT_KEY_OF_PUBLISHER', { role });
  const made: { former: readonly KeyId[]; key?: PublicKey } = { former: [] };
  const published = await publish({
    ...request,
    whenNew: 'refuse',
    changes: async (current) => {
      if (current) made.former = keysOf(current.set, role);
      made.key = await newKey(request);
      return [changeOf(role, made.key)];
    },
  });
  if (!made.key) throw new TypeError('publish asked for no changes');
  return { ...published, former: made.former, key: made.key.canonicalId };
}

function changeOf(role: BaseRole | DelegationName, key: PublicKey): TrustChange {
  return isDelegation(role)
    ? { kind: 'rotate-delegation', name: role, keys: [key] }
    : { kind: 'rotate-key', role, keys: [key] };
}

/** @throws StoreError CLIENT_NO_DELEGATION */
function keysOf({ gun, root, targets }: TrustedSet, role: BaseRole | DelegationName): KeyId[] {
  const parent = isDelegation(role) ? targets.get(parentOf(role))?.file.signed : undefined;
  if (isDelegation(role) && !parent?.delegations.roles.some(({ name }) => name === role)) {
    throw clientError('CLIENT_NO_DELEGATION', { gun, role });
  }
  const authority =
    isDelegation(role) && parent
      ? delegatedAuthorityOf(parent, role)
      : authorityOf(root.signed, role as BaseRole);
  return [...authority.keys.values()].map(({ canonicalId }) => canonicalId);
}

async function newKey({ role, to, gun, keys, remote, now }: RotateRequest): Promise<PublicKey> {
  if (to === 'server') return await remote.rotateServerKey(role as 'snapshot' | 'timestamp');
  const { key } = await (to === 'new' ? make(keys, role, gun) : keys.signer(to));
  return role === 'root' ? await keys.rootCertificate(key.canonicalId, gun, now) : key;
}

/** A signer's key bears the signer's name, and belongs to no repository. */
function make(keys: KeyStore, role: BaseRole | DelegationName, gun: RotateRequest['gun']) {
  if (isDelegation(role)) return keys.create(role.slice('targets/'.length));
  return role === 'root' ? keys.create('root') : keys.create(role, gun);
}
