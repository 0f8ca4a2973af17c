import type { Logger } from 'pino';
import { RemoteRoleKeys } from '../../adapters/keys/index.ts';
import { type CallerCertificate, SignerConnection } from '../../adapters/keys/signer-connection.ts';
import { type Clock, Secret } from '../../base/index.ts';
import type { SignerState } from '../../http/ops/index.ts';
import { signerService } from '../../signer/index.ts';
import type { MetadataStore } from '../../trust/index.ts';
import type { Config } from '../config.ts';
import { endOf, type MutualTls, readMutualTls, watchMutualTls } from './mutual-tls.ts';

/** What such keys work in. */
export interface RemoteSurroundings {
  readonly metadata: MetadataStore;
  readonly log: Logger;
  readonly clock: Clock;
}

/** Such keys, and how it is with who holds them. */
export interface RemoteSigner {
  readonly keys: RemoteRoleKeys;
  readonly state: SignerState;
}

/**
 * The keys of snapshots and timestamps where a signer holds them. It need not be there yet: reads
 * go on without it. Certificates that are renewed are used from the next call on.
 * @param undo  gets the connection to close
 * @throws StoreError CONFIG_FILE, CONFIG_PKI when its certificates cannot be used
 */
export function openRemoteSigner(
  { address, pki }: NonNullable<Config['signer']>,
  { metadata, log, clock }: RemoteSurroundings,
  undo: AsyncDisposableStack,
): RemoteSigner {
  const files = { flag: '--signer-pki', folder: pki, name: 'client' } as const;
  let tls = readMutualTls(files);
  const connection = undo.use(new SignerConnection({ address, ...callerCertificate(tls) }));
  undo.use(
    watchMutualTls(files, tls, { log, clock }, (next) => {
      tls = next;
      connection.useCertificate(callerCertificate(next));
    }),
  );
  return {
    keys: new RemoteRoleKeys(connection, (gun, role) => metadata.current(gun, role)),
    state: {
      isServing: () => connection.isServing(signerService),
      certificateEndsAt: () => endOf(tls),
    },
  };
}

function callerCertificate({ ca, cert, key }: MutualTls): CallerCertificate {
  return { ca, certificate: cert, privateKey: new Secret(key) };
}
