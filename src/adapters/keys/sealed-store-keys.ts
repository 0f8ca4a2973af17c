import { type Clock, type Secret, utf8 } from '../../base/index.ts';
import type { StoreKeys } from '../../chain/index.ts';
import { type Gun, localSigner, publicKey, type Signer } from '../../tuf/index.ts';
import { makeRootCertificate } from '../certificates/index.ts';
import { KeyVault } from './key-vault.ts';
import type { PrivateKeyRow, PrivateKeyStore } from './private-key-store.ts';

/** Owner of the store's own keys; no GUN is empty. */
const store = '';

/**
 * The store's own keys: one root, one targets, one delegation key for all repositories, made when
 * first asked for. Root and targets sign when a repository is new and when what they signed nears its
 * end; the delegation key signs every seal.
 */
export class SealedStoreKeys implements StoreKeys {
  readonly #store: PrivateKeyStore;
  readonly #vault: KeyVault;
  readonly #clock: Clock;

  /** @param kek  key-encryption key, 32 bytes; without it the keys of this store are lost */
  constructor(keys: PrivateKeyStore, kek: Secret<Uint8Array>, clock: Clock) {
    this.#store = keys;
    this.#vault = new KeyVault(kek);
    this.#clock = clock;
  }

  /** A certificate is made at each call, since its name is the GUN: ask once per new repository. */
  async root(gun: Gun): Promise<Signer> {
    const privateKey = this.#vault.open(await this.#key('root'));
    const pem = makeRootCertificate({ privateKey, gun, now: this.#clock() });
    return localSigner(publicKey('ecdsa-x509', utf8(pem)), privateKey);
  }

  targets(): Promise<Signer> {
    return this.#signer('targets');
  }

  delegation(): Promise<Signer> {
    return this.#signer('delegation');
  }

  async #signer(role: 'targets' | 'delegation'): Promise<Signer> {
    return this.#vault.signer(await this.#key(role));
  }

  /** Of two that are made at the same time one is kept, and it is read again before it is used. */
  async #key(role: 'root' | 'targets' | 'delegation'): Promise<PrivateKeyRow> {
    for (;;) {
      const known = await this.#store.newest(store, role);
      if (known) return known;
      await this.#store.add(await this.#vault.make(store, role), this.#clock());
    }
  }
}
