import type { PrivateKeyRow, PrivateKeyStore } from '../../src/adapters/keys/index.ts';

/** Sealed private keys in memory. */
export class MemoryPrivateKeyStore implements PrivateKeyStore {
  /** By key id. A test may change it. */
  readonly rows = new Map<string, PrivateKeyRow>();

  async pending(gun: string, role: string): Promise<PrivateKeyRow | undefined> {
    return this.#pending(gun, role);
  }

  async newest(gun: string, role: string): Promise<PrivateKeyRow | undefined> {
    return this.#all(gun, role).at(-1);
  }

  async find(gun: string, role: string, keyId: string): Promise<PrivateKeyRow | undefined> {
    return this.#all(gun, role).find((row) => row.keyId === keyId);
  }

  async add(row: PrivateKeyRow): Promise<void> {
    if (!this.#pending(row.gun, row.role)) this.rows.set(row.keyId, row);
  }

  async markUsed(keyId: string): Promise<void> {
    const row = this.rows.get(keyId);
    if (row) this.rows.set(keyId, { ...row, used: true });
  }

  #pending(gun: string, role: string): PrivateKeyRow | undefined {
    return this.#all(gun, role).find((row) => !row.used);
  }

  #all(gun: string, role: string): PrivateKeyRow[] {
    return [...this.rows.values()].filter((row) => row.gun === gun && row.role === role);
  }
}
