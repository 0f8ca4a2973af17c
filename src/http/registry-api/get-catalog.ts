import type { RegistryIndex } from '../../registry/index.ts';
import type { CatalogGate } from '../auth/index.ts';
import type { RootEndpoint } from './call.ts';
import { cutPage, pageRequest } from './paging.ts';

/** `GET /v2/_catalog`: all repositories, for those who may know them all. */
export function getCatalog(gate: CatalogGate, index: RegistryIndex): RootEndpoint {
  return async ({ request, reply }) => {
    await gate.requireCatalog(request);
    const { after, limit } = pageRequest(request);
    const found = await index.repositories({ after, limit: limit + 1 });
    const repositories = cutPage(reply, '/v2/_catalog', found, limit);
    return reply.header('content-type', 'application/json').send(JSON.stringify({ repositories }));
  };
}
