import { createPrivateKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { Secret } from '../../base/index.ts';
import {
  barePublicKey,
  keyTypes,
  localSigner,
  type PublicKey,
  publicKey,
  type Signer,
} from '../../tuf/index.ts';
import type { PrivateKeyRow } from './private-key-store.ts';
import { openKey, sealKey, unreadable } from './sealed-key.ts';

const generate = promisify(generateKeyPair);
/** About a mebibyte of them. */
const openKeysKept = 256;

/**
 * Makes ECDSA P-256 keys, sealed, and opens them. A key is opened when it first signs; the few
 * that signed last stay open in memory.
 */
export class KeyVault {
  readonly #kek: Secret<Uint8Array>;
  /** By key id and owner, since opening is what proves the owner; the least recently used first. */
  readonly #opened = new Map<string, Opened>();

  /** @param kek  key-encryption key, 32 bytes */
  constructor(kek: Secret<Uint8Array>) {
    this.#kek = kek;
  }

  /** A new key, unused; it is kept nowhere but in what this returns. */
  async make(gun: string, role: string): Promise<PrivateKeyRow> {
    const pair = await generate('ec', { namedCurve: 'P-256' });
    const key = barePublicKey(pair.publicKey);
    const owner = { keyId: key.id, gun, role };
    const der = pair.privateKey.export({ type: 'pkcs8', format: 'der' });
    const sealed = sealKey(this.#kek, owner, der);
    der.fill(0);
    return { ...owner, keyType: key.keyType, publicBytes: key.bytes, sealed, used: false };
  }

  /** @throws StoreError KEY_UNREADABLE */
  open(row: PrivateKeyRow): KeyObject {
    return this.#openedOf(row).key;
  }

  /** @throws StoreError KEY_UNREADABLE, also when its public half is not the one its id names */
  signer(row: PrivateKeyRow): Signer {
    const opened = this.#openedOf(row);
    opened.signer ??= localSigner(publicKeyOf(row), opened.key);
    return opened.signer;
  }

  #openedOf(row: PrivateKeyRow): Opened {
    const name = `${row.keyId} ${row.gun} ${row.role}`;
    let opened = this.#opened.get(name);
    if (opened) this.#opened.delete(name);
    else {
      const der = Buffer.from(openKey(this.#kek, row, row.sealed));
      opened = { key: createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }) };
      der.fill(0);
    }
    this.#opened.set(name, opened);
    const [oldest] = this.#opened.keys();
    if (this.#opened.size > openKeysKept && oldest !== undefined) this.#opened.delete(oldest);
    return opened;
  }
}

interface Opened {
  readonly key: KeyObject;
  signer?: Signer;
}

const publicKeysKept = 1_000;
/** By id and bytes: reading a key costs more than signing with it. */
const publicKeys = new Map<string, PublicKey>();

/** @throws StoreError KEY_UNREADABLE when the public half is not the one that the id names */
export function publicKeyOf(row: PrivateKeyRow): PublicKey {
  const name = `${row.keyId} ${row.keyType} ${Buffer.from(row.publicBytes).toString('base64')}`;
  const known = publicKeys.get(name);
  if (known) return known;
  // Its own keys are ecdsa; those of an import are what they were.
  const keyType = keyTypes.find((type) => type === row.keyType);
  const key = keyType && publicKey(keyType, row.publicBytes);
  if (key?.id !== row.keyId) throw unreadable(row);
  if (publicKeys.size >= publicKeysKept) publicKeys.clear();
  publicKeys.set(name, key);
  return key;
}
