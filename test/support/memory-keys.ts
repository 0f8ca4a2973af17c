import assert from 'node:assert/strict';
import type { KeyStore, StoredKey } from '../../src/client/index.ts';
import type { Gun, KeyId, Signer } from '../../src/tuf/index.ts';
import { makeRootSigner, makeSigner } from './simulated-repository.ts';

export interface HeldKey {
  readonly role: string;
  readonly gun: string | undefined;
  readonly signer: Signer;
}

/** Keys without passphrases, in memory. */
export class MemoryKeys implements KeyStore {
  readonly held: HeldKey[];

  constructor(held: readonly HeldKey[]) {
    this.held = [...held];
  }

  async keys(): Promise<readonly StoredKey[]> {
    return this.held.map(({ role, gun, signer }) => ({ id: signer.key.canonicalId, role, gun }));
  }

  async signer(id: KeyId): Promise<Signer> {
    const found = this.held.find(({ signer }) => signer.key.canonicalId === id);
    return found?.signer ?? assert.fail(`nobody holds ${id}`);
  }

  async create(role: string, gun?: Gun): Promise<Signer> {
    const signer =
      role === 'root' ? makeRootSigner('*', new Date('2026-11-21T00:00:00Z')) : makeSigner();
    this.held.push({ role, gun, signer });
    return signer;
  }

  /** The key of a root signer here stands in a certificate for every name already. */
  async rootCertificate(id: KeyId) {
    return (await this.signer(id)).key;
  }
}
