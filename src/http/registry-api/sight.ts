import type { FastifyRequest } from 'fastify';
import type { RepositoryName } from '../../oci/index.ts';
import type { RegistryIndex, RegistryReads, TrustViews } from '../../registry/index.ts';
import type { RegistryGate } from '../auth/index.ts';

/** What of a repository a request sees. */
export type Sight = (request: FastifyRequest, repository: RepositoryName) => Promise<RegistryReads>;

/**
 * Everything, where no view narrows what readers see, or with a token that was granted `push`: who
 * may write sees all by asking for it. Else what readers see.
 */
export function sightOf(gate: RegistryGate, index: RegistryIndex, views: TrustViews): Sight {
  return async (request, repository) => {
    if (!views.narrows(repository)) return index;
    return (await gate.mayPush(request, repository)) ? index : views.of(repository);
  };
}
