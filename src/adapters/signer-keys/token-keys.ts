import { createHash } from 'node:crypto';
import type { PKCS11 } from 'pkcs11js';
import { fromHex, type Secret } from '../../base/index.ts';
import type { Algorithm, KeyOwner } from '../../signer/index.ts';
import { type PublicKey, publicKey } from '../../tuf/index.ts';
import type { PrivateHalves } from './database-keys.ts';
import { signerKeyError } from './errors.ts';
import type { KeyRow } from './key-rows.ts';

/** Which token, and how to open it. */
export interface TokenOptions {
  /** Path of the PKCS#11 library of its maker. */
  readonly module: string;
  /** Label of the token. */
  readonly token: string;
  /** Without one, what is public on it can be read; see `logIn`. */
  readonly pin?: Secret;
}

/** More keys of one owner are not looked at. */
const mostKeys = 64;
const p256 = Buffer.from('06082a8648ce3d030107', 'hex');
const spkiPrefix = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex');

/**
 * Opens a token. The package that talks to it is loaded only here: it is compiled at installation,
 * and most signers do without.
 * @throws StoreError SIGNER_TOKEN_LIBRARY, SIGNER_TOKEN
 */
export async function openToken(
  options: TokenOptions,
  load = () => import('pkcs11js'),
): Promise<TokenKeys> {
  const library = await load().catch((cause: unknown) => {
    throw signerKeyError('SIGNER_TOKEN_LIBRARY', {}, cause);
  });
  // It is CommonJS; whether Node finds its names depends on how it is written.
  const pkcs11 = library.default ?? library;
  const module = new pkcs11.PKCS11();
  const failed = (reason: string, cause?: unknown) =>
    signerKeyError('SIGNER_TOKEN', { token: options.token, reason }, cause);
  try {
    module.load(options.module);
    module.C_Initialize();
  } catch (cause) {
    throw failed(`${options.module} does not load`, cause);
  }
  try {
    const slot = module
      .C_GetSlotList(true)
      .find((one) => module.C_GetTokenInfo(one).label.trim() === options.token);
    if (!slot) throw failed('no token has this label');
    const session = module.C_OpenSession(slot, pkcs11.CKF_SERIAL_SESSION | pkcs11.CKF_RW_SESSION);
    const keys = new TokenKeys(module, session, pkcs11, options.token);
    if (options.pin) keys.logIn(options.pin);
    return keys;
  } catch (cause) {
    module.C_Finalize();
    module.close();
    throw (cause as { code?: unknown }).code === 'SIGNER_TOKEN'
      ? cause
      : failed(said(cause), cause);
  }
}

/**
 * ECDSA P-256 keys that are made on a token and never leave it: sensitive, not extractable. A row's
 * key is the object whose id is the key id and whose label is its owner, so that a changed row
 * finds nothing.
 */
export class TokenKeys implements PrivateHalves, Disposable {
  readonly #module: PKCS11;
  readonly #session: Buffer;
  readonly #names: typeof import('pkcs11js');
  readonly #token: string;

  constructor(module: PKCS11, session: Buffer, names: typeof import('pkcs11js'), token: string) {
    this.#module = module;
    this.#session = session;
    this.#names = names;
    this.#token = token;
  }

  /** From now on it signs and makes keys. @throws StoreError SIGNER_TOKEN for a wrong PIN */
  logIn(pin: Secret): void {
    this.#asking(() => this.#module.C_Login(this.#session, this.#names.CKU_USER, pin.reveal()));
  }

  /** The public halves of an owner's keys, in no order. @throws StoreError SIGNER_TOKEN */
  publicKeys(owner: KeyOwner): PublicKey[] {
    const names = this.#names;
    return this.#asking(() => {
      this.#module.C_FindObjectsInit(this.#session, [
        { type: names.CKA_CLASS, value: names.CKO_PUBLIC_KEY },
        { type: names.CKA_LABEL, value: labelOf(owner) },
      ]);
      const found = this.#module.C_FindObjects(this.#session, mostKeys);
      this.#module.C_FindObjectsFinal(this.#session);
      return found.map((handle) => this.#publicKeyOf(handle));
    });
  }

  /** @throws StoreError SIGNER_TOKEN_ALGORITHM, SIGNER_TOKEN */
  async make(owner: KeyOwner, algorithm: Algorithm) {
    if (algorithm !== 'ecdsa') throw signerKeyError('SIGNER_TOKEN_ALGORITHM', { algorithm });
    const key = this.#asking(() => this.#generate(owner));
    return {
      key_id: key.id,
      ...{ gun: owner.gun, role: owner.role, algorithm, public: key.bytes },
      kept: 'token' as const,
      ...{ private: '', passphrase_alias: '', binding: '' },
    };
  }

  async prove(row: KeyRow): Promise<void> {
    this.#asking(() => this.#find(row));
  }

  /** @throws StoreError SIGNER_TOKEN */
  async sign(
    row: Pick<KeyRow, 'key_id' | 'gun' | 'role'>,
    payload: Uint8Array,
  ): Promise<Uint8Array> {
    const hash = createHash('sha256').update(payload).digest();
    return this.#asking(() => {
      const key = this.#find(row);
      this.#module.C_SignInit(this.#session, { mechanism: this.#names.CKM_ECDSA }, key);
      return Uint8Array.from(this.#module.C_Sign(this.#session, hash, Buffer.alloc(64)));
    });
  }

  [Symbol.dispose](): void {
    this.#module.C_Finalize();
    this.#module.close();
  }

  #generate(owner: KeyOwner) {
    const names = this.#names;
    const label = labelOf(owner);
    const pair = this.#module.C_GenerateKeyPair(
      this.#session,
      { mechanism: names.CKM_EC_KEY_PAIR_GEN },
      [
        { type: names.CKA_TOKEN, value: true },
        { type: names.CKA_VERIFY, value: true },
        { type: names.CKA_EC_PARAMS, value: p256 },
        { type: names.CKA_LABEL, value: label },
      ],
      [
        { type: names.CKA_TOKEN, value: true },
        { type: names.CKA_PRIVATE, value: true },
        { type: names.CKA_SENSITIVE, value: true },
        { type: names.CKA_EXTRACTABLE, value: false },
        { type: names.CKA_SIGN, value: true },
        { type: names.CKA_LABEL, value: label },
      ],
    );
    const key = this.#publicKeyOf(pair.publicKey);
    for (const half of [pair.publicKey, pair.privateKey]) {
      this.#module.C_SetAttributeValue(this.#session, half, [
        { type: names.CKA_ID, value: idOf(key.id) },
      ]);
    }
    return key;
  }

  #publicKeyOf(handle: Buffer): PublicKey {
    const [attribute] = this.#module.C_GetAttributeValue(this.#session, handle, [
      { type: this.#names.CKA_EC_POINT },
    ]);
    // An OCTET STRING around the uncompressed point.
    const point = Buffer.from((attribute?.value ?? []) as Buffer).subarray(-65);
    return publicKey('ecdsa', Uint8Array.from(Buffer.concat([spkiPrefix, point])));
  }

  #find(row: Pick<KeyRow, 'key_id' | 'gun' | 'role'>): Buffer {
    const names = this.#names;
    this.#module.C_FindObjectsInit(this.#session, [
      { type: names.CKA_CLASS, value: names.CKO_PRIVATE_KEY },
      { type: names.CKA_ID, value: idOf(row.key_id) },
      { type: names.CKA_LABEL, value: labelOf(row) },
    ]);
    const found = this.#module.C_FindObjects(this.#session, 1)[0];
    this.#module.C_FindObjectsFinal(this.#session);
    if (found) return found;
    const reason = `it holds no key ${row.key_id} of ${row.role} in ${row.gun}`;
    throw signerKeyError('SIGNER_TOKEN', { token: this.#token, reason });
  }

  /** One call at a time, since they are synchronous; an error of the token gets our name. */
  #asking<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      if ((cause as { code?: unknown }).code === 'SIGNER_TOKEN') throw cause;
      throw signerKeyError('SIGNER_TOKEN', { token: this.#token, reason: said(cause) }, cause);
    }
  }
}

function labelOf({ gun, role }: KeyOwner): Buffer {
  return Buffer.from(JSON.stringify([role, gun]));
}

function idOf(keyId: string): Buffer {
  return Buffer.from(fromHex(keyId) ?? []);
}

/** `CKR_PIN_INCORRECT` and its like. */
function said(cause: unknown): string {
  return /CKR_\w+/.exec(String(cause))?.[0] ?? 'it failed';
}
