import type { FastifyPluginAsync } from 'fastify';
import type { Clock, Random, Secret } from '../../base/index.ts';
import type { CatalogGate, InstantGate, RegistryGate } from './access.ts';
import { ApiAuth } from './api-auth.ts';
import { Credentials } from './credentials.ts';
import { TokenGate } from './gate.ts';
import type { AccessPolicy } from './permissions.ts';
import type { InstantUsers, PasswordHasher, UserStore } from './ports.ts';
import { tokenApi } from './token-api.ts';
import { Tokens } from './tokens.ts';
import { Users } from './users.ts';

/** What app hands over. */
export interface AuthOptions {
  readonly users: UserStore;
  /** The same users, where they can be read without waiting. */
  readonly instantUsers?: InstantUsers | undefined;
  readonly passwords: PasswordHasher;
  readonly policy: AccessPolicy;
  /** The store's own names, HOST[:PORT], lowercase, the preferred one first; at least one. */
  readonly origins: readonly string[];
  /** Name of the store towards token clients. */
  readonly service: string;
  /** Signs tokens: 32 random bytes, kept with the store's keys, the same in every replica. */
  readonly tokenKey: Secret<Uint8Array>;
  readonly random: Random;
  readonly clock: Clock;
}

/** The parts of sign-in, made to fit each other. */
export interface Auth {
  /** Guards the `/v2/` APIs. */
  readonly gate: CatalogGate & RegistryGate & InstantGate;
  /** Serves `/token`; register it without a prefix. */
  readonly tokenApi: FastifyPluginAsync;
  /** Guards our own API. */
  readonly api: ApiAuth;
  readonly users: Users;
}

/** Puts sign-in together. */
export function createAuth(options: AuthOptions): Auth {
  const { users, instantUsers, passwords, policy, origins, service, clock } = options;
  const tokens = new Tokens(options.tokenKey, service, options.random);
  const credentials = new Credentials(users, passwords, options.random);
  return {
    gate: new TokenGate({ tokens, users, instantUsers, policy, origins, service, clock }),
    tokenApi: tokenApi({ credentials, tokens, users, policy, origins, service, clock }),
    api: new ApiAuth(credentials, tokens, users, clock),
    users: new Users(users, passwords, origins, clock),
  };
}
