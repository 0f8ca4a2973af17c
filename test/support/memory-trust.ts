import { randomBytes } from 'node:crypto';
import { SealedRoleKeys } from '../../src/adapters/keys/index.ts';
import { type Clock, isStoreError, Secret } from '../../src/base/index.ts';
import type { TrustRemote } from '../../src/client/index.ts';
import { TrustServer } from '../../src/trust/index.ts';
import type { Gun } from '../../src/tuf/index.ts';
import { MemoryMetadataStore } from './memory-metadata-store.ts';
import { MemoryPrivateKeyStore } from './memory-private-key-store.ts';

/** The store's own trust server, without HTTP. */
export class MemoryTrust {
  readonly #trust: TrustServer;
  readonly #clock: Clock;
  /** How often each role was asked for. */
  readonly asked = new Map<string, number>();

  constructor(clock: Clock) {
    const keys = new SealedRoleKeys(new MemoryPrivateKeyStore(), new Secret(randomBytes(32)));
    this.#trust = new TrustServer(new MemoryMetadataStore(), keys);
    this.#clock = clock;
  }

  /** @param beforePublish  somebody else may get in there */
  remote(gun: Gun, beforePublish = async () => {}): TrustRemote {
    const trust = this.#trust;
    const now = this.#clock;
    return {
      root: async (version) =>
        version === undefined
          ? (await trust.current(gun, 'root', now()))?.bytes
          : (await trust.byVersion(gun, 'root', version))?.bytes,
      timestamp: async () => {
        this.asked.set('timestamp', (this.asked.get('timestamp') ?? 0) + 1);
        return (await trust.current(gun, 'timestamp', now()))?.bytes;
      },
      byHash: async (role, sha256) => (await trust.byChecksum(gun, role, sha256))?.bytes,
      serverKey: (role) => trust.publicKey(gun, role, now()),
      rotateServerKey: (role) => trust.rotateKey(gun, role, now()),
      async publish(files) {
        await beforePublish();
        try {
          await trust.accept(gun, new Map(files.map(({ role, bytes }) => [role, bytes])), now());
          return 'accepted';
        } catch (error) {
          if (isStoreError(error) && error.code === 'TRUST_VERSION_CONFLICT') return 'superseded';
          throw error;
        }
      },
    };
  }
}
