import type { Secret } from '../../base/index.ts';
import type { RoleKeys, ServerRole } from '../../trust/index.ts';
import { type Gun, localSigner, type PublicKey, type Signer } from '../../tuf/index.ts';
import { KeyVault, publicKeyOf } from './key-vault.ts';
import type { PrivateKeyRow, PrivateKeyStore } from './private-key-store.ts';

/**
 * ECDSA P-256 keys of snapshot and timestamp roles, made here and kept sealed. @see key-vault.ts
 */
export class SealedRoleKeys implements RoleKeys {
  readonly #store: PrivateKeyStore;
  readonly #vault: KeyVault;

  /** @param kek  key-encryption key, 32 bytes; without it the keys of this store are lost */
  constructor(store: PrivateKeyStore, kek: Secret<Uint8Array>) {
    this.#store = store;
    this.#vault = new KeyVault(kek);
  }

  async pendingKey(gun: Gun, role: ServerRole, now: Date): Promise<PublicKey> {
    for (;;) {
      const pending = await this.#store.pending(gun, role);
      if (pending) return this.#announce(pending);
      // Then read again: of two that are made at the same time, one is kept.
      await this.#store.add(await this.#vault.make(gun, role), now);
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
    this.#vault.open(row);
    return publicKeyOf(row);
  }

  #signerOf(row: PrivateKeyRow, now: Date): Signer {
    const signer = localSigner(publicKeyOf(row), this.#vault.open(row));
    return {
      key: signer.key,
      sign: async (payload) => {
        // Recorded first: a key that may have signed is never announced as new again.
        if (!row.used) await this.#store.markUsed(row.keyId, now);
        return signer.sign(payload);
      },
    };
  }
}
