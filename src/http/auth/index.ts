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
export { type ApiAuth, basicChallenge, type Caller } from './api-auth.ts';
export { type Auth, type AuthOptions, createAuth } from './auth.ts';
export { authError, authErrors } from './errors.ts';
export { nameLimitBytes, parseNamespace, parseUserName, passwordLimitBytes } from './names.ts';
export { type AccessPolicy, type ApiAction, permits, permitsApi } from './permissions.ts';
export { isZone, type Place, placeOf, type Zone } from './place.ts';
export {
  type InstantUsers,
  type PasswordHasher,
  type Role,
  roles,
  type User,
  type UserStore,
} from './ports.ts';
export { retryAfterSeconds, statusOf, toldOf } from './status.ts';
export type { NewUser, Users } from './users.ts';
