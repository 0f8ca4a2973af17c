import { startOpenTrustServer } from './open-trust-server.ts';
import { startReferencePair } from './peers-reference.ts';
import type { TrustPlace } from './trust-person.ts';

/** The trust servers that a client must get along with: Debian's, and ours. Both over TLS. */
export const trustPlaces: Readonly<Record<string, () => Promise<TrustPlace & AsyncDisposable>>> = {
  'notary-server': async () => {
    const pair = await startReferencePair();
    const dispose = () => pair[Symbol.asyncDispose]();
    const { trustServer: url, certificateFile } = pair;
    return { url, certificateFile, [Symbol.asyncDispose]: dispose };
  },
  'our server': () => startOpenTrustServer({ tls: true }),
};
