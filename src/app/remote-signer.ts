import { join } from 'node:path';
import { RemoteRoleKeys } from '../adapters/keys/index.ts';
import { SignerConnection } from '../adapters/keys/signer-connection.ts';
import { Secret } from '../base/index.ts';
import type { MetadataStore } from '../trust/index.ts';
import type { Config } from './config.ts';
import { readPem } from './pki.ts';

/**
 * The keys of snapshots and timestamps where a signer holds them. It need not be there yet: reads
 * go on without it.
 * @param undo  gets the connection to close
 * @throws StoreError CONFIG_FILE when its certificates cannot be read
 */
export function remoteRoleKeys(
  { address, pki }: NonNullable<Config['signer']>,
  metadata: MetadataStore,
  undo: AsyncDisposableStack,
): RemoteRoleKeys {
  const file = (name: string) => readPem('--signer-pki', join(pki, name));
  const connection = undo.use(
    new SignerConnection({
      address,
      ca: file('ca.crt'),
      certificate: file('client.crt'),
      privateKey: new Secret(file('client.key')),
    }),
  );
  return new RemoteRoleKeys(connection, (gun, role) => metadata.current(gun, role));
}
