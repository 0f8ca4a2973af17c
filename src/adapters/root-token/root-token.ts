import { createPublicKey } from 'node:crypto';
import { Secret, utf8 } from '../../base/index.ts';
import { type Gun, type KeyId, type PublicKey, publicKey, type Signer } from '../../tuf/index.ts';
import { makeRootCertificateElsewhere } from '../certificates/index.ts';
import {
  type Environment,
  passphraseError,
  secretFrom,
  type Terminal,
} from '../passphrase/index.ts';
import { openToken, type TokenKeys } from '../signer-keys/index.ts';

export interface RootTokenOptions {
  /** Path of the PKCS#11 library of its maker. */
  readonly module: string;
  readonly label: string;
  /** Asked once, when something is signed or made. */
  readonly pin: () => Promise<Secret>;
}

const pinVariable = 'COUNTERMARK_PKCS11_PIN';
/** One root key serves all repositories, so it is nobody's in particular. */
const owner = { gun: '', role: 'root' };

/** A token that holds root keys. It is opened when it is first asked, and told the PIN when it must sign. */
export class RootToken implements Disposable {
  readonly #options: RootTokenOptions;
  #opened: Promise<TokenKeys> | undefined;
  #isLoggedIn = false;

  constructor(options: RootTokenOptions) {
    this.#options = options;
  }

  /** Where its keys are, for people: `token LABEL`. */
  get place(): string {
    return `token ${this.#options.label}`;
  }

  /** Sorted by id. @throws StoreError SIGNER_TOKEN, SIGNER_TOKEN_LIBRARY */
  async keys(): Promise<PublicKey[]> {
    const keys = (await this.#open()).publicKeys(owner);
    return keys.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** Makes a key (ECDSA P-256) that never leaves it. @throws StoreError also PASSPHRASE_NEEDED */
  async create(): Promise<Signer> {
    const row = await (await this.#logIn()).make(owner, 'ecdsa');
    return this.signer(publicKey('ecdsa', row.public));
  }

  signer(key: PublicKey): Signer {
    return {
      key,
      sign: async (payload) => {
        const bytes = await this.#sign(key.id, payload);
        return { keyId: key.id, method: 'ecdsa', bytes };
      },
    };
  }

  /** The key in a certificate for this repository, which it signs itself. */
  async certificate(key: PublicKey, gun: Gun, now: Date): Promise<PublicKey> {
    const request = {
      publicKey: createPublicKey({ key: Buffer.from(key.bytes), format: 'der', type: 'spki' }),
      ...{ gun, now },
    };
    const pem = await makeRootCertificateElsewhere(request, (signed) => this.#sign(key.id, signed));
    return publicKey('ecdsa-x509', utf8(pem));
  }

  [Symbol.dispose](): void {
    this.#opened?.then(
      (token) => token[Symbol.dispose](),
      () => {},
    );
  }

  async #sign(id: KeyId, payload: Uint8Array): Promise<Uint8Array> {
    return await (await this.#logIn()).sign({ key_id: id, ...owner }, payload);
  }

  #open(): Promise<TokenKeys> {
    const { module, label: token } = this.#options;
    this.#opened ??= openToken({ module, token });
    return this.#opened;
  }

  async #logIn(): Promise<TokenKeys> {
    const token = await this.#open();
    if (this.#isLoggedIn) return token;
    token.logIn(await this.#options.pin());
    this.#isLoggedIn = true;
    return token;
  }
}

/**
 * The token that `COUNTERMARK_PKCS11_MODULE` and `COUNTERMARK_PKCS11_TOKEN` name; its PIN comes from
 * `COUNTERMARK_PKCS11_PIN`, the file or descriptor that `..._FILE` or `..._FD` names, or the terminal.
 * @returns undefined when no module is named
 */
export function rootTokenFrom(env: Environment, terminal: Terminal): RootToken | undefined {
  const { COUNTERMARK_PKCS11_MODULE: module, COUNTERMARK_PKCS11_TOKEN: name } = env;
  if (!module) return undefined;
  const label = name || 'countermark';
  return new RootToken({ module, label, pin: () => pinFrom(env, terminal, label) });
}

async function pinFrom(env: Environment, terminal: Terminal, label: string): Promise<Secret> {
  const known = secretFrom(env, pinVariable);
  if (known) return known;
  if (!terminal.isInteractive) {
    const keyId = `on the token ${label}`;
    throw passphraseError('PASSPHRASE_NEEDED', { role: 'root', keyId, variables: pinVariable });
  }
  return await askForPin(terminal, label);
}

async function askForPin(terminal: Terminal, label: string): Promise<Secret> {
  terminal.write(`Enter the PIN of the token ${label}: `);
  const line = await terminal.readHidden();
  terminal.write('\n');
  if (line === undefined) throw passphraseError('PASSPHRASE_CANCELLED');
  return new Secret(line);
}
