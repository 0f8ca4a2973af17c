import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Clock, isStoreError, Secret, type StoreError } from '../../base/index.ts';
import { parseBasic } from './basic-header.ts';
import { basicChallenge } from './challenge.ts';
import type { Credentials } from './credentials.ts';
import { authError } from './errors.ts';
import { grant } from './grant.ts';
import type { AccessPolicy } from './permissions.ts';
import type { User, UserStore } from './ports.ts';
import { anonymous, principalOf } from './principal.ts';
import { parseScopes } from './scope.ts';
import { retryAfterSeconds, statusOf, toldOf } from './status.ts';
import { type Access, accessLifetimeSeconds, type Tokens } from './tokens.ts';

/** What the token endpoint works with. */
export interface TokenApiOptions {
  readonly credentials: Credentials;
  readonly tokens: Tokens;
  readonly users: UserStore;
  readonly policy: AccessPolicy;
  readonly origins: readonly string[];
  readonly service: string;
  readonly clock: Clock;
}

const formLimitBytes = 64 * 1024;

/**
 * The token endpoint: `GET /token` with HTTP Basic or with nothing, and `POST /token` with a form.
 * Errors have the registry's form, since docker reads them as if the registry had sent them.
 *
 * @see distribution 3.0, "Token authentication specification" (GET) and "OAuth2 token
 *      authentication" (POST); what docker and notary send: docker 28.2.2, notary 0.7.0
 */
export function tokenApi(options: TokenApiOptions) {
  return async function tokenRoutes(app: FastifyInstance): Promise<void> {
    const form = 'application/x-www-form-urlencoded';
    app.removeAllContentTypeParsers();
    app.addContentTypeParser(
      form,
      { parseAs: 'string', bodyLimit: formLimitBytes },
      (_, body, done) => done(null, new URLSearchParams(String(body))),
    );
    app.setErrorHandler(answerError);
    app.addHook('onRequest', async (_request, reply) => {
      reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff');
    });
    app.get('/token', (request) => answerGet(request, options));
    app.post('/token', (request) => answerPost(request, options));
  };
}

async function answerGet(request: FastifyRequest, options: TokenApiOptions) {
  const now = options.clock();
  const query = new URLSearchParams(request.raw.url?.split('?')[1] ?? '');
  requireService(query, options);
  const user = await basicUser(request, options, now);
  const { token, issued } = await issue(user, query, options, now);
  return {
    token,
    ...issued,
    ...(user && query.get('offline_token') === 'true'
      ? { refresh_token: await options.tokens.signRefresh(user, now) }
      : {}),
  };
}

async function answerPost(request: FastifyRequest, options: TokenApiOptions) {
  const now = options.clock();
  const form = request.body;
  if (!(form instanceof URLSearchParams)) throw malformed('it has no form');
  requireService(form, options);
  const user = await formUser(form, request, options, now);
  const { issued, access } = await issue(user, form, options, now);
  const isOffline =
    form.get('access_type') === 'offline' || form.get('grant_type') === 'refresh_token';
  return {
    ...issued,
    scope: access
      .map(({ type, name, actions }) => `${type}:${name}:${actions.join(',')}`)
      .join(' '),
    ...(isOffline
      ? {
          refresh_token: form.get('refresh_token') ?? (await options.tokens.signRefresh(user, now)),
        }
      : {}),
  };
}

async function issue(
  user: User | undefined,
  parameters: URLSearchParams,
  { tokens, policy, origins }: TokenApiOptions,
  now: Date,
) {
  const scopes = parseScopes(parameters.getAll('scope'));
  const principal = user ? principalOf(user) : anonymous;
  const access: readonly Access[] = grant(principal, scopes, policy, origins);
  const token = await tokens.signAccess(user?.name, access, now);
  const issued = {
    access_token: token,
    expires_in: accessLifetimeSeconds,
    issued_at: now.toISOString(),
  };
  return { token, issued, access };
}

async function basicUser(request: FastifyRequest, { credentials }: TokenApiOptions, now: Date) {
  const header = request.headers.authorization;
  if (header === undefined) return undefined;
  const { name, password } = parseBasic(header);
  return await credentials.verify(name, password, request.ip, now);
}

async function formUser(
  form: URLSearchParams,
  request: FastifyRequest,
  { credentials, tokens, users }: TokenApiOptions,
  now: Date,
): Promise<User> {
  switch (form.get('grant_type')) {
    case 'password': {
      const password = new Secret(required(form, 'password'));
      return await credentials.verify(required(form, 'username'), password, request.ip, now);
    }
    case 'refresh_token': {
      const verified = await tokens.verifyRefresh(required(form, 'refresh_token'), now);
      const user = verified && (await users.find(verified.subject));
      if (!user || tokens.fingerprint(user) !== verified.fingerprint) {
        throw authError('AUTH_REFRESH_TOKEN_INVALID');
      }
      return user;
    }
    default:
      throw malformed('grant_type is neither "password" nor "refresh_token"');
  }
}

/** Clients repeat the service of the challenge; another one is a request that went astray. */
function requireService(parameters: URLSearchParams, { service: own }: TokenApiOptions): void {
  const service = parameters.get('service') ?? own;
  if (service !== own) {
    throw authError('AUTH_SERVICE_UNKNOWN', { service: service.slice(0, 100), own });
  }
}

function required(form: URLSearchParams, name: string): string {
  const value = form.get(name);
  if (!value) throw malformed(`${name} is missing`);
  return value;
}

function malformed(reason: string) {
  return authError('AUTH_TOKEN_REQUEST_INVALID', { reason });
}

function answerError(thrown: unknown, request: FastifyRequest, reply: FastifyReply) {
  const error = toldOf(thrown, request.log);
  const known = isStoreError(error) ? statusOf(error) : clientStatusOf(error);
  if (known === undefined) request.log.error({ err: error }, 'token request failed');
  const status = known ?? 500;
  if (status === 401) reply.header('www-authenticate', basicChallenge);
  const wait = isStoreError(error) ? retryAfterSeconds(error) : undefined;
  if (wait !== undefined) reply.header('retry-after', wait);
  return reply.code(status).send({ errors: [registryError(status, error)] });
}

/** Fastify's own refusals: a body too large, a content type that is no form. */
function clientStatusOf(error: unknown): number | undefined {
  const status = (error as { statusCode?: unknown }).statusCode;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : undefined;
}

const codes = new Map([
  [401, 'UNAUTHORIZED'],
  [429, 'TOOMANYREQUESTS'],
  [503, 'UNAVAILABLE'],
]);

/** @see OCI distribution-spec 1.1, "Error codes"; distribution 2.8 registry/api/errcode (UNAVAILABLE) */
function registryError(status: number, error: unknown) {
  if (status === 500) return { code: 'UNKNOWN', message: 'the server failed; its log says more' };
  const code = codes.get(status) ?? 'UNSUPPORTED';
  const { message } = error as StoreError;
  return { code, message, ...(isStoreError(error) ? { detail: { code: error.code } } : {}) };
}
