import { Secret } from '../../base/index.ts';
import { signerKeyError } from './errors.ts';

/** Passphrases of private keys by alias, and the alias of those that are sealed from now on. */
export class Passphrases {
  readonly defaultAlias: string;
  readonly #env: Readonly<Record<string, string | undefined>>;

  /**
   * @param env    `COUNTERMARK_SIGNER_<ALIAS>`, else `NOTARY_SIGNER_<ALIAS>` as Notary has it, the
   *               alias in upper case; and `..._DEFAULT_ALIAS`
   * @param alias  goes before what the environment says
   * @throws StoreError SIGNER_ALIAS; SIGNER_PASSPHRASE when the default alias has none
   */
  constructor(env: Readonly<Record<string, string | undefined>>, alias?: string) {
    this.#env = env;
    this.defaultAlias = alias ?? this.#variable('DEFAULT_ALIAS') ?? 'default';
    this.of(this.defaultAlias);
  }

  /** @throws StoreError SIGNER_ALIAS, SIGNER_PASSPHRASE */
  of(alias: string): Secret {
    const variable = alias.toUpperCase();
    if (!/^[A-Z0-9_]{1,50}$/.test(variable) || variable === 'DEFAULT_ALIAS') {
      throw signerKeyError('SIGNER_ALIAS', { alias: alias.slice(0, 50) });
    }
    const passphrase = this.#variable(variable);
    if (passphrase === undefined) throw signerKeyError('SIGNER_PASSPHRASE', { alias, variable });
    return new Secret(passphrase);
  }

  #variable(name: string): string | undefined {
    return (
      this.#env[`COUNTERMARK_SIGNER_${name}`] || this.#env[`NOTARY_SIGNER_${name}`] || undefined
    );
  }
}
