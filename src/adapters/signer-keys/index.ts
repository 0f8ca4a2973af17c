/**
 * The keys of a signer that stands apart: its own SQLite file, with private halves in Notary's
 * record format under passphrases by alias, or on a PKCS#11 token that they never leave. It decides
 * nothing about who may use them.
 */
export { openSignerDatabase, type SignerDatabase } from './database.ts';
export { DatabaseKeys } from './database-keys.ts';
export { KeptKeys } from './kept-keys.ts';
export { KeyRows } from './key-rows.ts';
export { openedKeys } from './opened-keys.ts';
export { Passphrases } from './passphrases.ts';
export { type MovingKey, requireKeys, takeKeys } from './take-keys.ts';
export { openToken, type TokenKeys } from './token-keys.ts';
