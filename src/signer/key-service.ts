import { signerError } from './errors.ts';
import { type Grants, requireGrant } from './grants.ts';
import { type Algorithm, algorithms, type Caller, type HeldKey, type KeyHolder } from './ports.ts';
import { requireNotWithdrawn, type Withdrawn } from './withdrawn.ts';

/** What callers may do. */
export interface Access {
  readonly grants: Grants;
  readonly withdrawn: Withdrawn;
}

/** Longest GUN and role; Notary's database has no room for more. */
const longestName = 255;

/**
 * The signer's four calls. Whatever a caller may not use is refused before a key is touched; a key
 * that is named by its id alone is judged by the GUN and role it was made for.
 */
export class KeyService {
  readonly #keys: KeyHolder;
  #access: Access;

  constructor(keys: KeyHolder, access: Access) {
    this.#keys = keys;
    this.#access = access;
  }

  /** From now on these hold, for calls on connections that are open too. */
  change(access: Partial<Access>): void {
    this.#access = { ...this.#access, ...access };
  }

  /**
   * Lets a caller in, whatever is asked for then.
   * @throws StoreError SIGNER_WITHDRAWN, SIGNER_CERTIFICATE_ENDED
   */
  admit(caller: Caller, now: Date): void {
    this.#requireMember(caller);
    const { commonName, endsAt } = caller;
    if (endsAt > now) return;
    const detail = { caller: commonName, endsAt: endsAt.toISOString() };
    throw signerError('SIGNER_CERTIFICATE_ENDED', detail);
  }

  #requireMember(caller: Caller): void {
    requireNotWithdrawn(this.#access.withdrawn, caller);
  }

  /**
   * The unused key of this GUN, role and algorithm, made when there is none: asking twice costs
   * nothing.
   * @throws StoreError SIGNER_REQUEST, SIGNER_ALGORITHM, SIGNER_FORBIDDEN, SIGNER_WITHDRAWN
   * @see notary 0.7.0 signer/api/rpc_api.go CreateKey
   */
  async createKey(
    caller: Caller,
    request: { readonly algorithm: string; readonly gun: string; readonly role: string },
    now: Date,
  ): Promise<HeldKey> {
    this.#requireMember(caller);
    const owner = { gun: nameOf(request.gun, 'gun'), role: nameOf(request.role, 'role') };
    requireGrant(this.#access.grants, caller, owner);
    return await this.#keys.pending(owner, algorithmOf(request.algorithm), now);
  }

  /** @throws StoreError SIGNER_KEY_UNKNOWN, SIGNER_FORBIDDEN, SIGNER_WITHDRAWN */
  async keyInfo(caller: Caller, keyId: string): Promise<HeldKey> {
    this.#requireMember(caller);
    const held = await this.#keys.find(keyId);
    if (!held) throw signerError('SIGNER_KEY_UNKNOWN', { keyId: keyId.slice(0, 64) });
    requireGrant(this.#access.grants, caller, held);
    return held;
  }

  /** @throws StoreError SIGNER_KEY_UNKNOWN, SIGNER_FORBIDDEN, SIGNER_WITHDRAWN */
  async sign(
    caller: Caller,
    keyId: string,
    payload: Uint8Array,
    now: Date,
  ): Promise<{ readonly held: HeldKey; readonly signature: Uint8Array }> {
    const held = await this.keyInfo(caller, keyId);
    return { held, signature: await this.#keys.sign(held, payload, now) };
  }

  /**
   * A key that is not there is deleted, as Notary has it.
   * @throws StoreError SIGNER_FORBIDDEN, SIGNER_WITHDRAWN
   */
  async deleteKey(caller: Caller, keyId: string, now: Date): Promise<void> {
    this.#requireMember(caller);
    const held = await this.#keys.find(keyId);
    if (!held) return;
    requireGrant(this.#access.grants, caller, held);
    await this.#keys.remove(held.key.id, now);
  }
}

function nameOf(text: string, name: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be in a name.
  if (text === '' || text.length > longestName || /[\u0000-\u001f\u007f]/.test(text)) {
    const reason = `${name} must have 1 to ${longestName} characters, none of them control`;
    throw signerError('SIGNER_REQUEST', { reason });
  }
  return text;
}

function algorithmOf(text: string): Algorithm {
  const known = algorithms.find((one) => one === text);
  if (known) return known;
  throw signerError('SIGNER_ALGORITHM', { algorithm: text.slice(0, 40), known: algorithms });
}
