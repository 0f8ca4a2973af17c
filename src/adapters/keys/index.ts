/**
 * Keys that the server itself makes and holds: sealed where they are kept, opened to sign; or held
 * for it by a signer, which it reaches over gRPC. It decides nothing about what is signed, and does not know where the sealed keys are stored.
 */
export { openRoleKeys } from './opened-role-keys.ts';
export type { PrivateKeyRow, PrivateKeyStore } from './private-key-store.ts';
export { RemoteRoleKeys } from './remote-role-keys.ts';
export { sealKey } from './sealed-key.ts';
export { SealedRoleKeys } from './sealed-role-keys.ts';
export { SealedStoreKeys } from './sealed-store-keys.ts';
