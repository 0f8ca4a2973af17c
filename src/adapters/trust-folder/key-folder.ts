import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { join, relative } from 'node:path';
import { utf8 } from '../../base/index.ts';
import type { KeyStore, StoredKey } from '../../client/index.ts';
import {
  barePublicKey,
  type Gun,
  type KeyId,
  type PublicKey,
  parseKeyId,
  publicKey,
  type Signer,
} from '../../tuf/index.ts';
import { makeRootCertificate } from '../certificates/index.ts';
import {
  type PassphraseSource,
  passphraseError,
  passphraseVariables,
} from '../passphrase/index.ts';
import { folderError } from './errors.ts';
import { type KeyFile, openKeyFile, parseKeyFile, serializeKeyFile, signerOf } from './key-file.ts';
import { keyFile, keyPlace, privateFolder } from './paths.ts';
import { listTrustFolder, readTrustFile } from './read-file.ts';
import { writePrivateFile } from './write-file.ts';

interface Found extends StoredKey {
  readonly path: string;
  readonly file: KeyFile;
}

const keyLimitBytes = 64 * 1024;
const attemptLimit = 20;

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
    const found = await this.#find();
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
    const request = { keyId: id, role, creating: true, attempt: 0 };
    const passphrase = await this.#passphrases(request);
    if (passphrase === undefined) throw needed(id, role);
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
    const passphrase = await this.#passphrases({ keyId: id, role, creating: true, attempt: 0 });
    if (passphrase === undefined) throw needed(id, role);
    const bytes = await serializeKeyFile(privateKey, { role, gun }, passphrase);
    await writePrivateFile(keyFile(this.#trust, id), bytes);
    return id;
  }

  async rootCertificate(id: KeyId, gun: Gun, now: Date): Promise<PublicKey> {
    const privateKey = await this.#open(id);
    const pem = makeRootCertificate({ privateKey, gun, now });
    const keyType = privateKey.asymmetricKeyType === 'rsa' ? 'rsa-x509' : 'ecdsa-x509';
    return publicKey(keyType, utf8(pem));
  }

  async #open(id: KeyId): Promise<KeyObject> {
    const known = this.#opened.get(id);
    if (known) return known;
    const found = (await this.#find()).find((key) => key.id === id);
    const path = found?.path ?? keyFile(this.#trust, id);
    if (!found) throw folderError('FOLDER_UNREADABLE', { file: path, reason: 'ENOENT' });
    const key = await this.#unlock(found);
    const real = signerOf(key, path).key.id;
    if (real !== id) throw folderError('FOLDER_KEY_MISNAMED', { file: path, keyId: real });
    this.#opened.set(id, key);
    return key;
  }

  async #unlock({ id, role, file, path }: Found): Promise<KeyObject> {
    if (!file.isEncrypted) return openKeyFile(file, '', path) as KeyObject;
    for (let attempt = 0; attempt < attemptLimit; attempt++) {
      const passphrase = await this.#passphrases({ keyId: id, role, creating: false, attempt });
      if (passphrase === undefined) {
        if (attempt === 0) throw needed(id, role);
        break;
      }
      const key = openKeyFile(file, passphrase.reveal(), path);
      if (key) return key;
    }
    throw folderError('FOLDER_KEY_PASSPHRASE', { role, keyId: id });
  }

  /** Sorted by id, so that everybody chooses the same one among several root keys. */
  async #find(): Promise<Found[]> {
    const root = privateFolder(this.#trust);
    const found = new Map<KeyId, Found>();
    for (const entry of await listTrustFolder(root)) {
      const path = join(entry.parentPath, entry.name);
      const place = keyPlace(relative(root, path));
      // Symbolic links are passed over, as notary does: they could lead anywhere.
      if (!entry.isFile() || place.keyId === '') continue;
      const bytes = await readTrustFile(path, keyLimitBytes);
      if (!bytes) continue;
      const file = parseKeyFile(bytes, path);
      const id = parseKeyId(place.keyId);
      const role = file.role ?? place.role ?? '';
      const gun = file.gun ?? (role === 'root' ? undefined : place.gun);
      found.set(id, { id, role, gun, path, file });
    }
    return [...found.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }
}

function needed(keyId: string, role: string) {
  const variables = passphraseVariables(role).join(' or ');
  return passphraseError('PASSPHRASE_NEEDED', { keyId, role, variables });
}
