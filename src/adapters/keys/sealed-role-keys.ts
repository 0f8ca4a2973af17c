import { createPrivateKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { Secret } from '../../base/index.ts';
import type { RoleKeys, ServerRole } from '../../trust/index.ts';
import {
  barePublicKey,
  type Gun,
  localSigner,
  type PublicKey,
  publicKey,
  type Signer,
} from '../../tuf/index.ts';
import type { PrivateKeyRow, PrivateKeyStore } from './private-key-store.ts';
import { openKey, sealKey, unreadable } from './sealed-key.ts';

const generate = promisify(generateKeyPair);
const openKeysKept = 64;

/**
 * ECDSA P-256 keys of snapshot and timestamp roles, made here and kept sealed. A key is opened
 * when it first signs; the few that signed last stay open in memory.
 */
export class SealedRoleKeys implements RoleKeys {
  readonly #store: PrivateKeyStore;
  readonly #kek: Secret<Uint8Array>;
  /** By key id, the least recently used first. */
  readonly #open = new Map<string, KeyObject>();

  /** @param kek  key-encryption key, 32 bytes; without it the keys of this store are lost */
  constructor(store: PrivateKeyStore, kek: Secret<Uint8Array>) {
    this.#store = store;
    this.#kek = kek;
  }

  async pendingKey(gun: Gun, role: ServerRole, now: Date): Promise<PublicKey> {
    for (;;) {
      const pending = await this.#store.pending(gun, role);
      if (pending) return this.#announce(pending);
      // Then read again: of two that are made at the same time, one is kept.
      await this.#store.add(await this.#makeKey(gun, role), now);
    }
  }

  /** @throws StoreError KEY_UNREADABLE when one of them does not open */
  async signers(
    gun: Gun,
    role: ServerRole,
    keyIds: readonly string[],
    now: Date,
  ): Promise<Signer[]> {
    const signers: Signer[] = [];
    for (const keyId of new Set(keyIds)) {
      const row = await this.#store.find(gun, role, keyId);
      if (row) signers.push(this.#signerOf(row, now));
    }
    return signers;
  }

  /** Opening the key proves that this server made it for this GUN and role, whoever wrote the row. */
  #announce(row: PrivateKeyRow): PublicKey {
    this.#openKey(row);
    return publicKeyOf(row);
  }

  #signerOf(row: PrivateKeyRow, now: Date): Signer {
    const signer = localSigner(publicKeyOf(row), this.#openKey(row));
    return {
      key: signer.key,
      sign: async (payload) => {
        // Recorded first: a key that may have signed is never announced as new again.
        if (!row.used) await this.#store.markUsed(row.keyId, now);
        return signer.sign(payload);
      },
    };
  }

  async #makeKey(gun: Gun, role: ServerRole): Promise<PrivateKeyRow> {
    const pair = await generate('ec', { namedCurve: 'P-256' });
    const key = barePublicKey(pair.publicKey);
    const owner = { keyId: key.id, gun, role };
    const der = pair.privateKey.export({ type: 'pkcs8', format: 'der' });
    const sealed = sealKey(this.#kek, owner, der);
    der.fill(0);
    return { ...owner, keyType: key.keyType, publicBytes: key.bytes, sealed, used: false };
  }

  #openKey(row: PrivateKeyRow): KeyObject {
    let key = this.#open.get(row.keyId);
    if (key) this.#open.delete(row.keyId);
    else {
      const der = Buffer.from(openKey(this.#kek, row, row.sealed));
      key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
      der.fill(0);
    }
    this.#open.set(row.keyId, key);
    const [oldest] = this.#open.keys();
    if (this.#open.size > openKeysKept && oldest !== undefined) this.#open.delete(oldest);
    return key;
  }
}

function publicKeyOf(row: PrivateKeyRow): PublicKey {
  const key = publicKey('ecdsa', row.publicBytes);
  if (key.id !== row.keyId) throw unreadable(row);
  return key;
}
