import type { FastifyRequest } from 'fastify';
import type { AccessToken } from './tokens.ts';

/**
 * What a request does to a repository or to its trust metadata. `delete` is of the registry alone;
 * `*` is what Notary asks for deleting all metadata and for making a new server key.
 */
export type Action = 'pull' | 'push' | 'delete' | '*';

/** Who asks. An anonymous reader has no name. */
export interface Principal {
  readonly name: string | undefined;
  readonly role: 'anonymous' | 'consumer' | 'producer' | 'reviewer' | 'admin';
  readonly namespaces: readonly string[];
}

/** What the two `/v2/` APIs ask before they do anything. */
export interface Gate {
  /**
   * @param name  a repository name, or a GUN (then it starts with a host)
   * @param wished  a repository that the request would also read from; the challenge asks for it
   *        too, nothing is refused for the lack of it
   * @throws StoreError AUTH_REQUIRED (401; its detail's `challenge` is the WWW-Authenticate value).
   *         Also for a signed-in user without the right: the challenge then says
   *         `error="insufficient_scope"`, which is what makes docker print "denied: ...".
   */
  require(
    request: FastifyRequest,
    name: string,
    actions: readonly Action[],
    wished?: string,
  ): Promise<Principal>;
  /** The ping `GET /v2/`: any valid token will do. */
  requireToken(request: FastifyRequest): Promise<Principal>;
}

/** True for the name of a repository that somebody may pull from. */
export type MayPull = (name: string) => boolean;

/** A gate that can also say of many repositories at once which may be read. */
export interface RegistryGate extends Gate {
  /**
   * For `GET /v2/_catalog`: what the list may name to this principal, whatever else is in the token.
   * @throws StoreError AUTH_REQUIRED, when the token was not made for the list
   */
  requireList(request: FastifyRequest): Promise<MayPull>;
  /**
   * What this request may pull: where its token was granted that, and where everybody may.
   * @throws StoreError AUTH_REQUIRED without a valid token
   */
  requireReader(request: FastifyRequest): Promise<MayPull>;
  /**
   * Whether the request's token was granted `push` in a repository, and the grant is still right.
   * @throws StoreError AUTH_REQUIRED without a valid token
   */
  mayPush(request: FastifyRequest, name: string): Promise<boolean>;
}

/** A gate that also guards the changes of all repositories. */
export interface CatalogGate extends Gate {
  /** @throws StoreError AUTH_REQUIRED, as {@link Gate.require} does */
  requireCatalog(request: FastifyRequest): Promise<Principal>;
}

/** A gate that lets in without waiting whom it knows already. */
export interface InstantGate {
  /**
   * @param authorization  the header as it came
   * @returns the token in it, if it was verified before and is still valid
   */
  recall(authorization: string | undefined): AccessToken | undefined;
  /**
   * Call it when the rights of the token's subject can be read without waiting.
   * @returns who asks, if {@link Gate.require} would let them in now; undefined is no refusal: then
   *          the gate is to be asked
   */
  admit(token: AccessToken, name: string, action: Action): Principal | undefined;
}
