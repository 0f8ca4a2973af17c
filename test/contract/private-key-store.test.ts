import { MemoryPrivateKeyStore } from '../support/memory-private-key-store.ts';
import { privateKeyStoreContract } from './private-key-store.ts';

privateKeyStoreContract('memory', async () => ({
  store: new MemoryPrivateKeyStore(),
  close: async () => {},
}));
