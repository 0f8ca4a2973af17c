/**
 * The signer: who may use which key of which GUN and role (grants.ts) and who no more
 * (withdrawn.ts), the four calls of Notary's
 * signer protocol (key-service.ts) and their messages (messages.ts). All of it is pure.
 *
 * It refuses to know how messages travel, how callers prove who they are, and where private keys
 * lie: a `KeyHolder` is all it asks.
 */
export type { SignerErrorCode } from './errors.ts';
export { type Grants, parseGrants } from './grants.ts';
export { type Access, KeyService } from './key-service.ts';
export * from './messages.ts';
export type { Algorithm, Caller, HeldKey, KeyHolder, KeyOwner } from './ports.ts';
export { parseWithdrawn, type Withdrawn } from './withdrawn.ts';
