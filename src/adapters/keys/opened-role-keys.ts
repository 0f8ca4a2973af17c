import type { Secret } from '../../base/index.ts';
import type { MovingKey } from '../signer-keys/index.ts';
import { KeyVault, publicKeyOf } from './key-vault.ts';
import type { PrivateKeyRow } from './private-key-store.ts';

/**
 * Opens keys that a store holds, to be moved into a signer.
 * @param kek  key-encryption key of the store, 32 bytes
 * @throws StoreError KEY_UNREADABLE at the first that does not open
 */
export async function* openRoleKeys(
  rows: AsyncIterable<PrivateKeyRow>,
  kek: Secret<Uint8Array>,
): AsyncGenerator<MovingKey> {
  const vault = new KeyVault(kek);
  for await (const row of rows) {
    const { gun, role, used } = row;
    yield { gun, role, key: publicKeyOf(row), pending: !used, privateKey: vault.open(row) };
  }
}
