import type { FastifyRequest } from 'fastify';
import type { Clock } from '../../base/index.ts';
import type { Principal } from './access.ts';
import { parseBasic } from './basic-header.ts';
import { basicChallenge } from './challenge.ts';
import type { Credentials } from './credentials.ts';
import { authError } from './errors.ts';
import { type ApiAction, permitsApi } from './permissions.ts';
import type { UserStore } from './ports.ts';
import { anonymous, principalNamed, principalOf } from './principal.ts';
import type { Tokens } from './tokens.ts';

export { basicChallenge };

/** Somebody who has signed in to our own API. */
export interface Caller extends Principal {
  readonly name: string;
  /** Just now, with the password; else with a token that stands for it. */
  readonly hasShownPassword: boolean;
}

/**
 * Signs people in to our own API: HTTP Basic, or a token with the scope `countermark:api:*`, which
 * is how a command line uses the identity token that docker login saved.
 */
export class ApiAuth {
  readonly #credentials: Credentials;
  readonly #tokens: Tokens;
  readonly #users: UserStore;
  readonly #clock: Clock;

  constructor(credentials: Credentials, tokens: Tokens, users: UserStore, clock: Clock) {
    this.#credentials = credentials;
    this.#tokens = tokens;
    this.#users = users;
    this.#clock = clock;
  }

  /**
   * @returns  the anonymous principal when the request bears no credentials
   * @throws StoreError AUTH_HEADER_INVALID, AUTH_CREDENTIALS_WRONG, AUTH_TOO_MANY_ATTEMPTS,
   *         AUTH_BUSY, AUTH_REQUIRED for a token that is not valid here
   */
  async principal(request: FastifyRequest): Promise<Principal> {
    const header = request.headers.authorization;
    if (header === undefined) return anonymous;
    const token = /^bearer +([^\s]+)$/i.exec(header)?.[1];
    if (token !== undefined) return await this.#fromToken(token);
    const { name, password } = parseBasic(header);
    const now = this.#clock();
    return principalOf(await this.#credentials.verify(name, password, request.ip, now));
  }

  /**
   * Whoever has signed in, and nobody else.
   * @throws StoreError as {@link principal}, and AUTH_REQUIRED for an anonymous one
   */
  async signedIn(request: FastifyRequest): Promise<Caller> {
    const principal = await this.principal(request);
    const { name } = principal;
    const hasShownPassword = /^basic /i.test(request.headers.authorization ?? '');
    if (name !== undefined) return { ...principal, name, hasShownPassword };
    throw authError('AUTH_REQUIRED', { challenge: basicChallenge, reason: 'sign in first' });
  }

  /**
   * @param what  ends the sentence "NAME may not ..."
   * @param namespace  of the candidate, for `candidate.*`
   * @throws StoreError AUTH_REQUIRED (401) for an anonymous one, AUTH_DENIED (403) for a user
   */
  require(principal: Principal, action: ApiAction, what: string, namespace?: string): void {
    if (permitsApi(principal, action, namespace)) return;
    if (principal.name === undefined) {
      throw authError('AUTH_REQUIRED', { challenge: basicChallenge, reason: `sign in to ${what}` });
    }
    throw authError('AUTH_DENIED', { who: principal.name, what, remedy: remedies[action] });
  }

  async #fromToken(text: string): Promise<Principal> {
    const token = await this.#tokens.verifyAccess(text, this.#clock());
    const isForApi = token?.access.some(
      ({ type, name }) => type === 'countermark' && name === 'api',
    );
    const principal = isForApi ? await principalNamed(token?.subject, this.#users) : undefined;
    if (principal) return principal;
    const reason = 'the token is not valid here or has expired';
    throw authError('AUTH_REQUIRED', { challenge: basicChallenge, reason });
  }
}

const remedies: Record<ApiAction, string> = {
  'candidate.read': 'its producer, a reviewer or an admin may',
  'candidate.decide': 'ask a reviewer',
  'history.verify': 'ask a reviewer',
  'trust.expiry': 'ask a reviewer',
  'user.list': 'ask an admin',
  'user.add': 'ask an admin',
  'user.password': 'ask an admin',
  'user.password.own': 'sign in first',
  'trust.changes': 'ask an admin',
  catalog: 'ask an admin',
};
