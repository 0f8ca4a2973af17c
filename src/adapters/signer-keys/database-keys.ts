import { createPublicKey, generateKeyPair, type KeyObject, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import type { Algorithm, KeyOwner } from '../../signer/index.ts';
import { barePublicKey, localSigner, type PublicKey, publicKey } from '../../tuf/index.ts';
import { signerKeyError } from './errors.ts';
import { bindingOf, openRecord, sealRecord } from './key-record.ts';
import type { KeyRow, KeyRows } from './key-rows.ts';
import type { Passphrases } from './passphrases.ts';

const generate = promisify(generateKeyPair);
const openKeysKept = 1024;
/** What is kept; `rsa` is never made, only moved in. */
const kinds = ['ecdsa', 'ed25519', 'rsa'] as const;

/** Where the private halves of rows lie: in the rows themselves, or on a token. */
export interface PrivateHalves {
  make(owner: KeyOwner, algorithm: Algorithm): Promise<Omit<KeyRow, 'last_used_at'>>;
  /** Before a key is announced: fails unless its private half is here, and for this owner. */
  prove(row: KeyRow): Promise<void>;
  sign(row: KeyRow, payload: Uint8Array): Promise<Uint8Array>;
}

/**
 * Private keys in the rows, under passphrases by alias. A key that was sealed under another alias
 * than the default is sealed again when it is opened. The last thousand stay open in memory, since
 * a passphrase takes milliseconds.
 */
export class DatabaseKeys implements PrivateHalves {
  readonly #rows: KeyRows;
  readonly #passphrases: Passphrases;
  readonly #opened = new Map<string, KeyObject>();

  constructor(rows: KeyRows, passphrases: Passphrases) {
    this.#rows = rows;
    this.#passphrases = passphrases;
  }

  async make(owner: KeyOwner, algorithm: Algorithm) {
    const { privateKey } =
      algorithm === 'ed25519'
        ? await generate('ed25519')
        : await generate('ec', { namedCurve: 'P-256' });
    return await sealedRow(owner, privateKey, this.#passphrases);
  }

  /** @throws StoreError SIGNER_KEY_UNREADABLE, SIGNER_PASSPHRASE */
  async prove(row: KeyRow): Promise<void> {
    await this.#open(row);
  }

  /** @throws StoreError SIGNER_KEY_UNREADABLE, SIGNER_PASSPHRASE */
  async sign(row: KeyRow, payload: Uint8Array): Promise<Uint8Array> {
    const privateKey = await this.#open(row);
    return (await localSigner(publicKeyOf(row), privateKey).sign(payload)).bytes;
  }

  /**
   * Seals every key again that is not under the default alias.
   * @returns how many; an interrupted run is taken up by the next
   * @throws StoreError SIGNER_KEY_UNREADABLE, SIGNER_PASSPHRASE at the first that does not open
   */
  async resealAll(): Promise<number> {
    const { defaultAlias } = this.#passphrases;
    let count = 0;
    let row = await this.#rows.nextOfOtherAlias(defaultAlias, '');
    for (; row; row = await this.#rows.nextOfOtherAlias(defaultAlias, row.key_id)) {
      await this.#open(row);
      count++;
    }
    return count;
  }

  async #open(row: KeyRow): Promise<KeyObject> {
    // By owner as well: the binding is proven for this row, not for one that was changed since.
    const name = JSON.stringify([row.key_id, row.gun, row.role]);
    const open = this.#opened.get(name) ?? (await this.#unseal(row));
    this.#opened.delete(name);
    this.#opened.set(name, open);
    const [oldest] = this.#opened.keys();
    if (this.#opened.size > openKeysKept && oldest !== undefined) this.#opened.delete(oldest);
    return open;
  }

  async #unseal(row: KeyRow): Promise<KeyObject> {
    const { key_id: keyId, passphrase_alias: alias } = row;
    const privateKey = await openRow(row, this.#passphrases);
    const { defaultAlias } = this.#passphrases;
    if (alias !== defaultAlias) {
      const resealed = await sealRecord(privateKey, this.#passphrases.of(defaultAlias));
      await this.#rows.reseal(keyId, resealed, defaultAlias);
    }
    return privateKey;
  }
}

type OwnedRow = KeyRow | Omit<KeyRow, 'last_used_at'>;

/** @throws StoreError SIGNER_PASSPHRASE, SIGNER_KEY_UNREADABLE also for another id or owner */
export async function openRow(row: OwnedRow, passphrases: Passphrases): Promise<KeyObject> {
  const { key_id: keyId, gun, role, passphrase_alias: alias, algorithm } = row;
  const passphrase = passphrases.of(alias);
  const unreadable = (cause?: unknown) =>
    signerKeyError('SIGNER_KEY_UNREADABLE', { keyId, gun, role, alias }, cause);
  const privateKey = await openRecord(row.private, passphrase, algorithm).catch(
    (cause: unknown) => {
      throw unreadable(cause);
    },
  );
  if (barePublicKey(createPublicKey(privateKey)).id !== keyId) throw unreadable();
  if (!isSame(row.binding, bindingOf(privateKey, keyId, gun, role))) throw unreadable();
  return privateKey;
}

/** A row as new keys get it: sealed under the default alias, and bound to its owner. */
export async function sealedRow(
  { gun, role }: KeyOwner,
  privateKey: KeyObject,
  passphrases: Passphrases,
): Promise<Omit<KeyRow, 'last_used_at'>> {
  const key = barePublicKey(createPublicKey(privateKey));
  const alias = passphrases.defaultAlias;
  return {
    key_id: key.id,
    gun,
    role,
    algorithm: key.keyType,
    public: key.bytes,
    kept: 'database',
    private: await sealRecord(privateKey, passphrases.of(alias)),
    passphrase_alias: alias,
    binding: bindingOf(privateKey, key.id, gun, role),
  };
}

/** @throws StoreError SIGNER_KEY_UNREADABLE when the public half is not the one that the id names */
export function publicKeyOf(row: OwnedRow): PublicKey {
  const keyType = kinds.find((kind) => kind === row.algorithm) ?? 'ecdsa';
  const key = publicKey(keyType, row.public);
  if (key.id === row.key_id) return key;
  const { key_id: keyId, gun, role, passphrase_alias: alias } = row;
  throw signerKeyError('SIGNER_KEY_UNREADABLE', { keyId, gun, role, alias });
}

function isSame(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}
