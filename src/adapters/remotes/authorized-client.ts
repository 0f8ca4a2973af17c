import {
  type Clock,
  entriesOf,
  isStoreError,
  optional,
  parseJson,
  Secret,
  stringOf,
} from '../../base/index.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import { basicAuthorization, type Credential, type CredentialSource } from './credentials.ts';
import { remoteError } from './errors.ts';
import { type Answer, type HttpRequest, type OpenAnswer, printable } from './http-request.ts';
import type { HttpsClient } from './https-client.ts';
import { isLoopback } from './loopback.ts';
import { statusOf } from './refusal.ts';

/** A right that a request needs, as the token server names it: `repository:acme/app:pull,push`. */
export type Scope = string;

export interface AuthorizedClientOptions {
  readonly http: Pick<HttpsClient, 'send' | 'open'>;
  /** The origin that requests go to; no credential and no token ever goes to another, but to
   *  the token server that this origin names. */
  readonly origin: string;
  /** What {@link CredentialSource} knows the origin by. */
  readonly host: string;
  readonly credentials: CredentialSource;
  readonly clock: Clock;
  /**
   * Which rights a token is fetched for: those that the server names for the request, or those that the
   * caller will need beside it. What the server names, unless told.
   */
  readonly asksFor?: 'what is named' | 'what is needed' | undefined;
  /** Whether the token server that the origin names may be asked; any may, unless told. */
  readonly follows?: ((origin: URL, realm: URL) => boolean) | undefined;
}

const anywhere = () => true;

interface Token {
  readonly authorization: Secret;
  readonly expiresAt: Date;
}

const tokenLimitBytes = 1024 * 1024;
const defaultLifetimeSeconds = 60;
/** One for each repository that is asked for; more are fetched anew. */
const keptTokens = 1_000;
/** A token that ends this soon may end on the way. */
const marginSeconds = 5;

/**
 * Sends requests to one origin, with a token where it asks for one: on `401 Bearer` it fetches a
 * token from the named realm, with the saved credential if there is one, keeps it per scope until it
 * expires, and sends the request again. On `401 Basic` it sends the credential itself.
 *
 * @see distribution 2.8, docs/spec/auth/token.md and oauth.md
 */
export class AuthorizedClient {
  readonly #options: AuthorizedClientOptions;
  readonly #tokens = new Map<Scope, Token>();

  constructor(options: AuthorizedClientOptions) {
    this.#options = options;
  }

  /**
   * @param limitBytes  of the answer's body
   * @throws StoreError REMOTE_UNAUTHORIZED, REMOTE_CHALLENGE, REMOTE_TOKEN, and those of
   *         {@link HttpsClient.send}. Every status but 401 is an answer, not an error
   */
  async send(request: HttpRequest, scope: Scope, limitBytes: number): Promise<Answer> {
    const { http } = this.#options;
    return this.#authorized(request, scope, (authorized) => http.send(authorized, limitBytes));
  }

  /** As {@link send}, with the body of the answer as a stream. */
  async open(request: HttpRequest, scope: Scope): Promise<OpenAnswer> {
    return this.#authorized(request, scope, (authorized) => this.#options.http.open(authorized));
  }

  async #authorized<T extends Answer | OpenAnswer>(
    request: HttpRequest,
    scope: Scope,
    transmit: (request: HttpRequest) => Promise<T>,
  ): Promise<T> {
    if (request.url.origin !== this.#options.origin) return transmit(request);
    const known = this.#tokenFor(scope);
    const first = await transmit(withAuthorization(request, known));
    if (first.status !== 401) return first;
    if ('discard' in first) first.discard();
    const token = await this.#login(first.headers.get('www-authenticate') ?? '', scope);
    const second = await transmit(withAuthorization(request, token));
    if (second.status !== 401) return second;
    if ('discard' in second) second.discard();
    throw this.#unauthorized(scope);
  }

  #tokenFor(scope: Scope): Secret | undefined {
    const token = this.#tokens.get(scope);
    if (token && token.expiresAt > this.#options.clock()) return token.authorization;
    this.#tokens.delete(scope);
    return undefined;
  }

  async #login(header: string, scope: Scope): Promise<Secret> {
    const { origin, host, credentials } = this.#options;
    const challenges = parseChallenges(header);
    const bearer = challenges?.find(({ scheme }) => scheme === 'bearer');
    const credential = await credentials(host);
    if (bearer) {
      const token = await this.#fetchToken(bearer, scope, credential);
      if (this.#tokens.size >= keptTokens) this.#tokens.clear();
      this.#tokens.set(scope, token);
      return token.authorization;
    }
    if (!challenges?.some(({ scheme }) => scheme === 'basic')) {
      const reason = header === '' ? 'it names no way' : header.slice(0, 100);
      throw remoteError('REMOTE_CHALLENGE', { origin, reason });
    }
    if (credential?.kind !== 'password') throw this.#unauthorized(scope);
    const authorization = basicAuthorization(credential.username, credential.password);
    this.#tokens.set(scope, { authorization, expiresAt: new Date(8.64e15) });
    return authorization;
  }

  async #fetchToken(
    challenge: Challenge,
    scope: Scope,
    credential: Credential | undefined,
  ): Promise<Token> {
    const realm = this.#realmOf(challenge);
    const service = challenge.parameters.get('service') ?? '';
    const named = challenge.parameters.get('scope');
    const wanted = this.#options.asksFor === 'what is needed' ? scope : (named ?? scope);
    const request =
      credential?.kind === 'identity-token'
        ? refreshRequest(realm, service, wanted, credential.token)
        : tokenRequest(realm, service, wanted, credential);
    const answer = await this.#options.http.send(request, tokenLimitBytes);
    if (answer.status === 401 || answer.status === 403) throw this.#unauthorized(scope);
    if (answer.status !== 200) {
      const detail = { realm: printable(realm), reason: `status ${answer.status}` };
      throw remoteError('REMOTE_TOKEN', { ...detail, ...statusOf(answer) });
    }
    return parseToken(answer.body, realm, this.#options.clock());
  }

  /** A password goes over TLS, or stays on this machine. */
  #realmOf(challenge: Challenge): URL {
    const { origin, follows = anywhere } = this.#options;
    const text = challenge.parameters.get('realm') ?? '';
    const realm = URL.canParse(text) ? new URL(text) : undefined;
    const isSafe =
      realm?.protocol === 'https:' || (realm?.protocol === 'http:' && isLoopback(realm.hostname));
    const isBare = realm?.username === '' && realm.password === '';
    if (realm && isSafe && isBare && follows(new URL(origin), realm)) return realm;
    const reason = `its realm is "${text.slice(0, 100)}"`;
    throw remoteError('REMOTE_CHALLENGE', { origin, reason });
  }

  #unauthorized(what: Scope) {
    const { origin, host } = this.#options;
    return remoteError('REMOTE_UNAUTHORIZED', { origin, host, what, status: 401 });
  }
}

function withAuthorization(request: HttpRequest, value: Secret | undefined): HttpRequest {
  if (value === undefined) return request;
  return { ...request, headers: { ...request.headers, authorization: value.reveal() } };
}

function tokenRequest(
  realm: URL,
  service: string,
  scope: Scope,
  credential: Credential | undefined,
): HttpRequest {
  const url = new URL(realm);
  if (credential?.kind === 'password') url.searchParams.append('account', credential.username);
  for (const part of scope.split(' ')) url.searchParams.append('scope', part);
  url.searchParams.append('service', service);
  const request: HttpRequest = { method: 'GET', url };
  if (credential?.kind !== 'password') return request;
  return withAuthorization(request, basicAuthorization(credential.username, credential.password));
}

function refreshRequest(url: URL, service: string, scope: Scope, token: Secret): HttpRequest {
  const form = new URLSearchParams({
    ...{ grant_type: 'refresh_token', client_id: 'countermark', service, scope },
    refresh_token: token.reveal(),
  });
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return { method: 'POST', url, headers, body: Buffer.from(form.toString()) };
}

function parseToken(body: Uint8Array, realm: URL, now: Date): Token {
  try {
    const answer = entriesOf(parseJson(body), 'answer');
    const token =
      optional(stringOf, answer.get('token'), 'token') ||
      stringOf(answer.get('access_token'), 'access_token');
    const lifetime = answer.get('expires_in');
    const seconds = typeof lifetime === 'number' ? lifetime : defaultLifetimeSeconds;
    if (!/^[\x21-\x7e]+$/.test(token)) throw remoteError('REMOTE_TOKEN', { reason: 'no token' });
    return {
      authorization: new Secret(`Bearer ${token}`),
      expiresAt: new Date(now.getTime() + Math.max(0, seconds - marginSeconds) * 1000),
    };
  } catch (error) {
    if (!isStoreError(error)) throw error;
    throw remoteError('REMOTE_TOKEN', { realm: printable(realm), reason: error.code });
  }
}
