import { SealedRoleKeys, SealedStoreKeys } from '../../adapters/keys/index.ts';
import type { SignerState } from '../../http/ops/index.ts';
import { TrustServer } from '../../trust/index.ts';
import type { Config } from '../config.ts';
import type { Tables } from './open-tables.ts';
import type { Surroundings } from './surroundings.ts';

/** Who signs: the trust server for everybody, the store for what it vouches for. */
export interface Signing {
  readonly trust: TrustServer;
  /** The store's own keys. */
  readonly keys: SealedStoreKeys;
  /** Of the signer that holds the trust server's keys, where there is one. */
  readonly signer: SignerState | undefined;
}

/**
 * Opens the keys, and makes the store's own when there are none yet.
 * @param undo  gets the connection to a signer to close
 * @throws StoreError CONFIG_FILE, CONFIG_PKI when the certificates for a signer cannot be used
 */
export async function openTrust(
  config: Pick<Config, 'signer'>,
  { metadata, privateKeys }: Pick<Tables, 'metadata' | 'privateKeys'>,
  { folder, log, clock }: Pick<Surroundings, 'folder' | 'log' | 'clock'>,
  undo: AsyncDisposableStack,
): Promise<Signing> {
  const keyEncryptionKey = await folder.secret('keys');
  const signer = config.signer
    ? // gRPC costs memory that a store without a signer can do without.
      (await import('../signer/remote-signer.ts')).openRemoteSigner(
        config.signer,
        { metadata, log, clock },
        undo,
      )
    : undefined;
  const roleKeys = signer?.keys ?? new SealedRoleKeys(privateKeys, keyEncryptionKey);
  const keys = new SealedStoreKeys(privateKeys, keyEncryptionKey, clock);
  await keys.delegation();
  return { trust: new TrustServer(metadata, roleKeys), keys, signer: signer?.state };
}
