import type { FastifyRequest } from 'fastify';
import type { RepositoryName } from '../../oci/index.ts';
import type { ReaderViews, RegistryReads } from '../../registry/index.ts';
import type { RegistryGate } from '../auth/index.ts';

/** What of a repository a request sees. */
export type Sight = (request: FastifyRequest, repository: RepositoryName) => Promise<RegistryReads>;

/**
 * Everything, where no view narrows what readers see, or with a token that was granted `push`: who
 * may write sees all by asking for it. Else what readers see.
 */
export function sightOf(gate: RegistryGate, reads: RegistryReads, views: ReaderViews): Sight {
  return async (request, repository) => {
    if (!views.narrows(repository)) return reads;
    return (await gate.mayPush(request, repository)) ? reads : views.of(repository);
  };
}
