import type { KeyStore, StoredKey } from '../../client/index.ts';
import type { Gun, KeyId, PublicKey, Signer } from '../../tuf/index.ts';
import type { RootToken } from './root-token.ts';

/**
 * The keys of a trust folder, with root keys on a token: new ones are made there, and those that are
 * there come before root keys of the folder, which go on to sign what names them.
 */
export class TokenRoots implements KeyStore {
  readonly #folder: KeyStore;
  readonly #token: RootToken;

  constructor(folder: KeyStore, token: RootToken) {
    this.#folder = folder;
    this.#token = token;
  }

  async keys(): Promise<readonly StoredKey[]> {
    const roots = await this.#token.keys();
    const there = roots.map(({ id }) => ({ id, role: 'root', gun: undefined }));
    return [...there, ...(await this.#folder.keys())];
  }

  async signer(id: KeyId): Promise<Signer> {
    const key = await this.#onToken(id);
    return key ? this.#token.signer(key) : await this.#folder.signer(id);
  }

  async create(role: string, gun?: Gun): Promise<Signer> {
    return await (role === 'root' ? this.#token.create() : this.#folder.create(role, gun));
  }

  async rootCertificate(id: KeyId, gun: Gun, now: Date): Promise<PublicKey> {
    const key = await this.#onToken(id);
    return await (key
      ? this.#token.certificate(key, gun, now)
      : this.#folder.rootCertificate(id, gun, now));
  }

  async #onToken(id: KeyId): Promise<PublicKey | undefined> {
    return (await this.#token.keys()).find((key) => key.id === id);
  }
}
