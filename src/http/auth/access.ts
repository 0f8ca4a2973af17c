import type { FastifyRequest } from 'fastify';

/**
 * What a request does to a repository or to its trust metadata. `delete` also covers what
 * Notary calls `*`: deleting all metadata, and making a new server key.
 */
export type Action = 'pull' | 'push' | 'delete';

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
   * @throws StoreError AUTH_REQUIRED (401; its detail's `challenge` is the WWW-Authenticate value),
   *         AUTH_DENIED (403: signed in, and still not allowed)
   */
  require(request: FastifyRequest, name: string, actions: readonly Action[]): Promise<Principal>;
  /** The ping `GET /v2/`: any valid token will do. */
  requireToken(request: FastifyRequest): Promise<Principal>;
}
