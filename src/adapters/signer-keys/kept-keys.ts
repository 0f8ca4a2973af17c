import type { Algorithm, HeldKey, KeyHolder, KeyOwner } from '../../signer/index.ts';
import { type PrivateHalves, publicKeyOf } from './database-keys.ts';
import { signerKeyError } from './errors.ts';
import type { KeyRow, KeyRows } from './key-rows.ts';

/** The signer's keys: rows in its database, private halves there or on a token. */
export class KeptKeys implements KeyHolder {
  readonly #rows: KeyRows;
  readonly #halves: Readonly<Record<KeyRow['kept'], PrivateHalves | undefined>>;
  readonly #makeIn: PrivateHalves;

  /** @param token  where new keys are made, when there is one */
  constructor(rows: KeyRows, database: PrivateHalves, token?: PrivateHalves) {
    this.#rows = rows;
    this.#halves = { database, token };
    this.#makeIn = token ?? database;
  }

  async pending(owner: KeyOwner, algorithm: Algorithm, now: Date): Promise<HeldKey> {
    for (;;) {
      const row = await this.#rows.pending(owner, algorithm);
      if (row) {
        await this.#halvesOf(row).prove(row);
        return heldOf(row);
      }
      // Then read again: of two that are made at the same time, one is kept.
      await this.#rows.add(await this.#makeIn.make(owner, algorithm), now);
    }
  }

  async find(keyId: string): Promise<HeldKey | undefined> {
    const row = await this.#rows.find(keyId);
    return row && heldOf(row);
  }

  /** @throws StoreError SIGNER_KEY_UNREADABLE, SIGNER_PASSPHRASE, SIGNER_TOKEN */
  async sign({ key, gun, role }: HeldKey, payload: Uint8Array, now: Date): Promise<Uint8Array> {
    const row = await this.#rows.find(key.id);
    if (!row || row.gun !== gun || row.role !== role) throw new TypeError('the key has gone');
    const halves = this.#halvesOf(row);
    // Recorded first: a key that may have signed is never announced as new again.
    if (row.last_used_at === null) await this.#rows.markUsed(key.id, now);
    return await halves.sign(row, payload);
  }

  async remove(keyId: string, now: Date): Promise<void> {
    await this.#rows.remove(keyId, now);
  }

  #halvesOf({ kept, key_id: token }: KeyRow): PrivateHalves {
    const halves = this.#halves[kept];
    if (halves) return halves;
    const reason = 'the key lies on a token, and the signer was started without one';
    throw signerKeyError('SIGNER_TOKEN', { token, reason });
  }
}

function heldOf(row: KeyRow): HeldKey {
  return { key: publicKeyOf(row), gun: row.gun, role: row.role };
}
