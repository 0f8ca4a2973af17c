import type { FastifyRequest } from 'fastify';
import type { Clock } from '../../base/index.ts';
import type {
  Action,
  CatalogGate,
  InstantGate,
  MayPull,
  Principal,
  RegistryGate,
} from './access.ts';
import { bearerChallenge, type Challenge } from './challenge.ts';
import { authError } from './errors.ts';
import { originOf } from './origin.ts';
import { type AccessPolicy, permits, permitsApi } from './permissions.ts';
import { type Place, placeOf } from './place.ts';
import type { InstantUsers, UserStore } from './ports.ts';
import { anonymous, principalNamed, principalOf } from './principal.ts';
import { formatScope } from './scope.ts';
import type { AccessToken, Tokens } from './tokens.ts';

/** What the gate must know of the store. */
export interface GateOptions {
  readonly tokens: Tokens;
  readonly users: UserStore;
  /** The same users, where they can be read without waiting. */
  readonly instantUsers?: InstantUsers | undefined;
  readonly policy: AccessPolicy;
  readonly origins: readonly string[];
  readonly service: string;
  readonly clock: Clock;
}

interface Bearer {
  readonly principal: Principal;
  readonly token: AccessToken;
}

/** Scope that is asked for where no repository is meant, as Notary does it. */
const catalogScope = 'registry:catalog:*';

/**
 * Guards `/v2/`: a request needs a token that was granted what it is about to do, and the grant
 * must still be right now. Without one it gets a challenge that says where to fetch it.
 *
 * Everything a token lacks is a 401 with `insufficient_scope`, never a 403, as distribution's
 * registry does: clients then fetch a token with the scope, or print "denied" and the description.
 */
export class TokenGate implements CatalogGate, RegistryGate, InstantGate {
  readonly #options: GateOptions;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  async require(
    request: FastifyRequest,
    name: string,
    actions: readonly Action[],
    wished?: string,
  ): Promise<Principal> {
    const { origins } = this.#options;
    const place = placeOf(name, origins);
    const also = wished === undefined ? [] : [scopeOf(wished, placeOf(wished, origins), ['pull'])];
    const asked = [scopeOf(name, place, actions), ...also].filter((one) => one !== undefined);
    const scope = asked.join(' ') || undefined;
    const { principal, token } = await this.#bearer(request, scope);
    const missing = actions.find(
      (action) =>
        !isGranted(token, action, place, origins) ||
        !permits(principal, action, place, this.#options.policy),
    );
    if (missing === undefined) return principal;
    throw this.#insufficient(request, principal, scope, `${missing} ${name}`);
  }

  recall(authorization: string | undefined): AccessToken | undefined {
    const text = bearerOf(authorization);
    return text ? this.#options.tokens.recallAccess(text, this.#options.clock()) : undefined;
  }

  admit(token: AccessToken, name: string, action: Action): Principal | undefined {
    const { instantUsers, origins, policy } = this.#options;
    const user = token.subject === undefined ? undefined : instantUsers?.user(token.subject);
    const principal = token.subject === undefined ? anonymous : user && principalOf(user);
    const place = placeOf(name, origins);
    if (!principal || !isGranted(token, action, place, origins)) return undefined;
    return permits(principal, action, place, policy) ? principal : undefined;
  }

  async requireToken(request: FastifyRequest): Promise<Principal> {
    return (await this.#bearer(request, undefined)).principal;
  }

  async requireCatalog(request: FastifyRequest): Promise<Principal> {
    return this.#requireCatalog(request, 'trust.changes', 'see the changes of all repositories');
  }

  async requireList(request: FastifyRequest): Promise<MayPull> {
    const principal = await this.#requireCatalog(request, 'catalog', 'list repositories');
    return this.#mayPull(principal);
  }

  async requireReader(request: FastifyRequest): Promise<MayPull> {
    const { principal, token } = await this.#bearer(request, undefined);
    const { origins } = this.#options;
    const [mayThey, mayEverybody] = [this.#mayPull(principal), this.#mayPull(anonymous)];
    // Looked up, not searched: a request may ask this of a thousand repositories.
    const granted = new Set(
      token.access
        .filter(({ type, actions }) => type === 'repository' && actions.includes('pull'))
        .map(({ name }) => repositoryOf(name, origins)),
    );
    granted.delete(undefined);
    const isIn = (name: string) => granted.has(repositoryOf(name, origins));
    return (name) => mayEverybody(name) || (isIn(name) && mayThey(name));
  }

  async mayPush(request: FastifyRequest, name: string): Promise<boolean> {
    const { origins, policy } = this.#options;
    const { principal, token } = await this.#bearer(request, undefined);
    const place = placeOf(name, origins);
    const isAllowed = isGranted(token, 'push', place, origins);
    return isAllowed && permits(principal, 'push', place, policy);
  }

  #mayPull(principal: Principal): MayPull {
    const { origins, policy } = this.#options;
    return (name) => permits(principal, 'pull', placeOf(name, origins), policy);
  }

  async #requireCatalog(
    request: FastifyRequest,
    action: 'catalog' | 'trust.changes',
    what: string,
  ): Promise<Principal> {
    const { principal, token } = await this.#bearer(request, catalogScope);
    const granted = token.access.some(
      ({ type, name }) => type === 'registry' && name === 'catalog',
    );
    if (granted && permitsApi(principal, action)) return principal;
    throw this.#insufficient(request, principal, catalogScope, what);
  }

  /** @throws StoreError AUTH_REQUIRED when the request bears no valid token */
  async #bearer(request: FastifyRequest, scope: string | undefined): Promise<Bearer> {
    const header = request.headers.authorization;
    if (header === undefined) throw this.#refuse(request, { scope }, 'authentication required');
    const text = bearerOf(header);
    const token = text && (await this.#options.tokens.verifyAccess(text, this.#options.clock()));
    const principal = token && (await principalNamed(token.subject, this.#options.users));
    if (token && principal) return { principal, token };
    const reason = 'the token is not valid or has expired';
    throw this.#refuse(request, { scope, error: 'invalid_token', description: reason }, reason);
  }

  #insufficient(
    request: FastifyRequest,
    principal: Principal,
    scope: string | undefined,
    what: string,
  ) {
    const reason =
      principal.name === undefined
        ? `sign in to ${what} (docker login ${originOf(request, this.#options.origins)})`
        : `${principal.name} may not ${what}`;
    const error = 'insufficient_scope';
    return this.#refuse(request, { scope, error, description: reason }, reason);
  }

  #refuse(
    request: FastifyRequest,
    why: Pick<Challenge, 'scope' | 'error' | 'description'>,
    reason: string,
  ) {
    const { origins, service } = this.#options;
    const challenge = bearerChallenge({ origin: originOf(request, origins), service, ...why });
    return authError('AUTH_REQUIRED', { challenge, reason });
  }
}

function bearerOf(header: string | undefined): string | undefined {
  return header && /^bearer +([^\s]+)$/i.exec(header)?.[1];
}

/** Names that are no names are not repeated in a header. */
function scopeOf(name: string, place: Place, actions: readonly Action[]): string | undefined {
  if (place.zone === 'nowhere') return undefined;
  return formatScope(name, actions);
}

/** What a repository name or a GUN means; undefined when it is neither. */
function repositoryOf(name: string, origins: readonly string[]): string | undefined {
  const place = placeOf(name, origins);
  return place.zone === 'nowhere' ? undefined : place.repository;
}

/** A grant for a GUN is one for its repository, and the other way round: it is the same place. */
function isGranted(
  { access }: AccessToken,
  action: Action,
  place: Place,
  origins: readonly string[],
): boolean {
  if (place.zone === 'nowhere') return false;
  const { repository } = place;
  return access.some(
    ({ type, name, actions }) =>
      type === 'repository' &&
      actions.includes(action) &&
      // What a name means is the end of it: of a token's many names most need no closer look.
      name.endsWith(repository) &&
      repositoryOf(name, origins) === repository,
  );
}
