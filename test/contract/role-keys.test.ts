import { randomBytes } from 'node:crypto';
import { RemoteRoleKeys, SealedRoleKeys } from '../../src/adapters/keys/index.ts';
import { Secret } from '../../src/base/index.ts';
import { MemoryPrivateKeyStore } from '../support/memory-private-key-store.ts';
import { SignerWorld } from '../support/signer-world.ts';
import { roleKeysContract } from './role-keys.ts';

roleKeysContract('keys in this process', async () => ({
  keys: new SealedRoleKeys(new MemoryPrivateKeyStore(), new Secret(randomBytes(32))),
  close: async () => {},
}));

roleKeysContract('our signer over gRPC', async () => {
  const world = new SignerWorld();
  const { address } = await world.ours();
  const keys = new RemoteRoleKeys(world.connect(address), async () => undefined);
  return { keys, close: () => world[Symbol.asyncDispose]() };
});
