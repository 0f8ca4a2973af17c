import { MemoryMetadataStore } from '../support/memory-metadata-store.ts';
import { metadataStoreContract } from './metadata-store.ts';

metadataStoreContract('memory', async () => ({
  store: new MemoryMetadataStore(),
  close: async () => {},
}));
