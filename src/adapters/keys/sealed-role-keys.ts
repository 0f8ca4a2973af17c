import type { Secret } from '../../base/index.ts';
import type { RoleKeys, ServerRole } from '../../trust/index.ts';
import type { Gun, PublicKey, Signer } from '../../tuf/index.ts';
import { KeyVault, publicKeyOf } from './key-vault.ts';
import type { PrivateKeyRow, PrivateKeyStore } from './private-key-store.ts';

/** A row is read again after this long, should somebody have taken it away. */
const rowHoldsMs = 60_000;
const rowsKept = 256;

/**
 * ECDSA P-256 keys of snapshot and timestamp roles, made here and kept sealed. @see key-vault.ts
 */
export class SealedRoleKeys implements RoleKeys {
  readonly #store: PrivateKeyStore;
  readonly #vault: KeyVault;
  /** Signers whose rows were found a moment ago, by key id and owner. Only of keys that have signed. */
  readonly #found = new Map<string, { readonly signer: Signer; readonly until: number }>();

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
      const signer = await this.#signer(gun, role, keyId, now);
      if (signer) signers.push(signer);
    }
    return signers;
  }

  async #signer(gun: Gun, role: ServerRole, keyId: string, now: Date): Promise<Signer | undefined> {
    const name = `${keyId} ${gun} ${role}`;
    const found = this.#found.get(name);
    if (found && now.getTime() < found.until) return found.signer;
    const row = await this.#store.find(gun, role, keyId);
    if (!row) return undefined;
    const signer = this.#vault.signer(row);
    if (!row.used) return this.#marking(row, signer, now);
    if (this.#found.size >= rowsKept) this.#found.clear();
    this.#found.set(name, { signer, until: now.getTime() + rowHoldsMs });
    return signer;
  }

  /** Opening the key proves that this server made it for this GUN and role, whoever wrote the row. */
  #announce(row: PrivateKeyRow): PublicKey {
    this.#vault.open(row);
    return publicKeyOf(row);
  }

  /** Recorded first: a key that may have signed is never announced as new again. */
  #marking(row: PrivateKeyRow, signer: Signer, now: Date): Signer {
    return {
      ...signer,
      sign: async (payload) => {
        await this.#store.markUsed(row.keyId, now);
        return signer.sign(payload);
      },
    };
  }
}
