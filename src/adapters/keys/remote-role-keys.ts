import { isStoreError } from '../../base/index.ts';
import type { KeyMessage } from '../../signer/index.ts';
import { type RoleKeys, type ServerRole, trustError } from '../../trust/index.ts';
import {
  type Gun,
  type KeyType,
  keyTypes,
  type PublicKey,
  parseMetadata,
  publicKey,
  type Signer,
  verifySignature,
} from '../../tuf/index.ts';
import type { SignerConnection } from './signer-connection.ts';

/** The published file of a role, if there is one. */
export type PublishedFile = (
  gun: Gun,
  role: ServerRole,
) => Promise<{ readonly bytes: Uint8Array } | undefined>;

/** The calls that are made. */
export type SignerCalls = Pick<SignerConnection, 'createKey' | 'keyInfo' | 'sign'>;

const keysKnown = 10_000;

/**
 * Keys of snapshot and timestamp roles that a signer holds, reached over gRPC.
 *
 * A key signs for its own GUN only: else whoever writes a key id of somebody else into a root could
 * have that key sign for them, and show the result to the other's clients. Our signer says whose
 * a key is. Debian's does not; there a key counts as the GUN's when it is the one that the signer
 * announces for it now, or has signed what is published under it.
 */
export class RemoteRoleKeys implements RoleKeys {
  readonly #signer: SignerCalls;
  readonly #published: PublishedFile;
  /** Keys whose owner is proven, by owner and id; the least recently used first. */
  readonly #known = new Map<string, PublicKey>();

  constructor(signer: SignerCalls, published: PublishedFile) {
    this.#signer = signer;
    this.#published = published;
  }

  async pendingKey(gun: Gun, role: ServerRole): Promise<PublicKey> {
    const key = keyOf(await this.#signer.createKey(gun, role));
    this.#remember(gun, role, key);
    return key;
  }

  async signers(gun: Gun, role: ServerRole, keyIds: readonly string[]): Promise<Signer[]> {
    const signers: Signer[] = [];
    for (const keyId of new Set(keyIds)) {
      const key = await this.#owned(gun, role, keyId);
      if (key) signers.push(this.#signerOf(key));
    }
    return signers;
  }

  /** The key if it is held for this very GUN and role. */
  async #owned(gun: Gun, role: ServerRole, keyId: string): Promise<PublicKey | undefined> {
    const known = this.#known.get(nameOf(gun, role, keyId));
    if (known) return known;
    const info = await this.#signer.keyInfo(keyId);
    if (!info || info.role !== role) return undefined;
    const key = keyOf(info);
    if (key.id !== keyId) throw badAnswer('it gave another key than the one asked for');
    const owns =
      info.gun === '' ? await this.#isProven(gun, role, key) : info.gun === (gun as string);
    if (!owns) return undefined;
    this.#remember(gun, role, key);
    return key;
  }

  /** For a signer that does not say whose a key is. */
  async #isProven(gun: Gun, role: ServerRole, key: PublicKey): Promise<boolean> {
    const published = await this.#published(gun, role);
    if (published && hasSigned(key, role, published.bytes)) return true;
    return keyOf(await this.#signer.createKey(gun, role)).id === key.id;
  }

  #signerOf(key: PublicKey): Signer {
    return {
      key,
      sign: async (payload) => {
        const { keyId, method, content } = await this.#signer.sign(key.id, payload);
        if (keyId !== key.id) throw badAnswer('it signed with another key');
        return { keyId: key.id, method, bytes: content };
      },
    };
  }

  #remember(gun: Gun, role: ServerRole, key: PublicKey): void {
    const name = nameOf(gun, role, key.id);
    this.#known.delete(name);
    this.#known.set(name, key);
    const [oldest] = this.#known.keys();
    if (this.#known.size > keysKnown && oldest !== undefined) this.#known.delete(oldest);
  }
}

function hasSigned(key: PublicKey, role: ServerRole, bytes: Uint8Array): boolean {
  try {
    const { payload, signatures } = parseMetadata(role, bytes);
    const signature = signatures.find(({ keyId }) => keyId === key.id);
    return signature !== undefined && verifySignature(key, signature, payload) === signature;
  } catch (error) {
    if (isStoreError(error)) return false;
    throw error;
  }
}

function nameOf(gun: Gun, role: ServerRole, keyId: string): string {
  return JSON.stringify([gun, role, keyId]);
}

/** @throws StoreError TRUST_SIGNER_UNAVAILABLE unless it is a usable key with its own id */
function keyOf({ algorithm, keyId, publicBytes }: KeyMessage): PublicKey {
  const keyType: KeyType | undefined = keyTypes.find((one) => one === algorithm);
  if (!keyType) throw badAnswer('it gave a key of an unknown type');
  try {
    const key = publicKey(keyType, Uint8Array.from(publicBytes));
    if (key.id === keyId) return key;
  } catch (cause) {
    throw badAnswer('it gave a key that cannot be used', cause);
  }
  throw badAnswer('it gave a key with the id of another');
}

function badAnswer(reason: string, cause?: unknown) {
  return trustError('TRUST_SIGNER_UNAVAILABLE', { reason }, cause);
}
