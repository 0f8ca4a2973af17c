import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { utf8 } from '../../base/index.ts';
import type { KeyStore, StoredKey } from '../../client/index.ts';
import {
  barePublicKey,
  type Gun,
  type KeyId,
  type PublicKey,
  publicKey,
  type Signer,
} from '../../tuf/index.ts';
import type { PassphraseSource } from '../passphrase/index.ts';
import { findKey, findKeys } from './find-keys.ts';
import { serializeKeyFile, signerOf } from './key-file.ts';
import { keyFile } from './paths.ts';
import { newPassphrase, unlockKey } from './unlock-key.ts';
import { writePrivateFile } from './write-file.ts';

/**
 * The private keys of a trust folder: those of docker and notary, and ours, which they open. A key
 * is opened when it is first used, once.
 */
export class KeyFolder implements KeyStore {
  readonly #trust: string;
  readonly #passphrases: PassphraseSource;
  readonly #opened = new Map<KeyId, KeyObject>();

  /** @param trust  the trust folder, such as `~/.docker/trust` */
  constructor(trust: string, passphrases: PassphraseSource) {
    this.#trust = trust;
    this.#passphrases = passphrases;
  }

  /** @throws StoreError FOLDER_KEY_MALFORMED, FOLDER_UNREADABLE: no key is passed over in silence */
  async keys(): Promise<readonly StoredKey[]> {
    const found = await findKeys(this.#trust);
    return found.map(({ id, role, gun }) => ({ id, role, gun }));
  }

  /** @throws StoreError FOLDER_UNREADABLE, FOLDER_KEY_MISNAMED, FOLDER_KEY_PASSPHRASE, PASSPHRASE_NEEDED */
  async signer(id: KeyId): Promise<Signer> {
    return signerOf(await this.#open(id), keyFile(this.#trust, id));
  }

  async create(role: string, gun?: Gun): Promise<Signer> {
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const { privateKey } = pair;
    const { id } = barePublicKey(pair.publicKey);
    const passphrase = await newPassphrase({ id, role }, this.#passphrases);
    const path = keyFile(this.#trust, id);
    await writePrivateFile(path, await serializeKeyFile(privateKey, { role, gun }, passphrase));
    this.#opened.set(id, privateKey);
    return signerOf(privateKey, path);
  }

  /**
   * Keeps a key that was made elsewhere, encrypted anew.
   * @throws StoreError FOLDER_KEY_NEEDS_GUN, PASSPHRASE_NEEDED
   */
  async keep(privateKey: KeyObject, role: string, gun?: Gun): Promise<KeyId> {
    const { id } = signerOf(privateKey, 'the key').key;
    const passphrase = await newPassphrase({ id, role }, this.#passphrases);
    const bytes = await serializeKeyFile(privateKey, { role, gun }, passphrase);
    await writePrivateFile(keyFile(this.#trust, id), bytes);
    return id;
  }

  async rootCertificate(id: KeyId, gun: Gun, now: Date): Promise<PublicKey> {
    const privateKey = await this.#open(id);
    // Few commands make one, and what makes it is large.
    const { makeRootCertificate } = await import('../certificates/index.ts');
    const pem = makeRootCertificate({ privateKey, gun, now });
    const keyType = privateKey.asymmetricKeyType === 'rsa' ? 'rsa-x509' : 'ecdsa-x509';
    return publicKey(keyType, utf8(pem));
  }

  async #open(id: KeyId): Promise<KeyObject> {
    const known = this.#opened.get(id);
    if (known) return known;
    const found = await findKey(this.#trust, id);
    const key = await unlockKey(found, this.#passphrases);
    this.#opened.set(id, key);
    return key;
  }
}
