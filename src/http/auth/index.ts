/**
 * Who asks, and what they may do. Docker's token flow, users and their passwords, and the one
 * matrix that decides action by zone by role (permissions.ts).
 *
 * It knows names of repositories, never what lies in them: whether an image exists, is signed or
 * was certified is nothing to it. It refuses to know databases and key files; app hands it ports.
 */
export type {
  Action,
  CatalogGate,
  Gate,
  InstantGate,
  MayPull,
  Principal,
  RegistryGate,
} from './access.ts';
export type { ApiAuth, Caller } from './api-auth.ts';
export { type Auth, createAuth } from './auth.ts';
export { authError } from './errors.ts';
export { permitsApi } from './permissions.ts';
export { isZone } from './place.ts';
export {
  type InstantUsers,
  type PasswordHasher,
  type Role,
  roles,
  type User,
  type UserStore,
} from './ports.ts';
export { retryAfterSeconds, statusOf, toldOf } from './status.ts';
export type { Users } from './users.ts';
