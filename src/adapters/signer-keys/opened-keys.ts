import { openRow, publicKeyOf } from './database-keys.ts';
import { signerKeyError } from './errors.ts';
import type { KeyRows } from './key-rows.ts';
import type { Passphrases } from './passphrases.ts';
import type { MovingKey } from './take-keys.ts';

/**
 * Every key of a signer's database, opened, to be moved into another signer.
 * @throws StoreError SIGNER_KEY_UNREADABLE, SIGNER_PASSPHRASE; SIGNER_MOVE_KEY for one on a token
 */
export async function* openedKeys(
  rows: KeyRows,
  passphrases: Passphrases,
): AsyncGenerator<MovingKey> {
  for await (const row of rows.all()) {
    const { gun, role, key_id: keyId } = row;
    if (row.kept === 'token') {
      const reason = 'it lies on a token, which it cannot leave; run that signer with its token';
      throw signerKeyError('SIGNER_MOVE_KEY', { keyId, gun, role, reason });
    }
    const privateKey = await openRow(row, passphrases);
    yield { gun, role, key: publicKeyOf(row), pending: row.last_used_at === null, privateKey };
  }
}
