import { RemoteRoleKeys } from '../../src/adapters/keys/index.ts';
import type { TrustServer } from '../../src/trust/index.ts';
import type { TrustPlace } from './flow-person.ts';
import { type Published, startOpenTrustServer } from './open-trust-server.ts';
import { startReferencePair } from './peers-reference.ts';
import { SignerWorld } from './signer-world.ts';

/** A trust server with its signer. */
export interface FlowPlace extends TrustPlace {
  /** The kind of key that the server makes for its own roles. */
  readonly serverKeys: 'ecdsa' | 'ed25519';
  /** Ours, where it is. */
  readonly trust?: TrustServer;
}

/** Every combination of server and signer; each ends when what it is given ends. */
export const flowPlaces: Readonly<
  Record<string, (undo: AsyncDisposableStack) => Promise<FlowPlace>>
> = {
  // Without a signer it makes Ed25519 keys, whatever it is configured for.
  'notary-server': async (undo) => {
    const { trustServer: url, certificateFile } = undo.use(await startReferencePair());
    return { url, certificateFile, serverKeys: 'ed25519' };
  },
  'notary-server with our signer': async (undo) => {
    const world = undo.use(new SignerWorld());
    const { address } = await world.ours();
    return { ...(await world.debiansServer(address)), serverKeys: 'ecdsa' };
  },
  'our server': async (undo) => ({
    ...undo.use(await startOpenTrustServer()),
    serverKeys: 'ecdsa',
  }),
  'our server with notary-signer': async (undo) => {
    const world = undo.use(new SignerWorld());
    const { address } = await world.debians();
    const keys = (published: Published) => new RemoteRoleKeys(world.connect(address), published);
    return { ...undo.use(await startOpenTrustServer({ keys })), serverKeys: 'ecdsa' };
  },
};
