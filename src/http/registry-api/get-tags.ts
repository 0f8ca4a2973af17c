import { registryError } from '../../registry/index.ts';
import type { Gate } from '../auth/index.ts';
import type { Endpoint } from './call.ts';
import { cutPage, pageRequest } from './paging.ts';
import type { Sight } from './sight.ts';

/** `GET /v2/<name>/tags/list?n=&last=`: what was pushed, or what of it readers see, in byte order. */
export function getTags(gate: Gate, sight: Sight): Endpoint {
  return async ({ request, reply, repository }) => {
    await gate.require(request, repository, ['pull']);
    const { after, limit } = pageRequest(request);
    const reads = await sight(request, repository);
    const found = await reads.tags(repository, { after, limit: limit + 1 });
    if (!found) throw registryError('REGISTRY_REPOSITORY_UNKNOWN', { repository });
    const tags = cutPage(reply, `/v2/${repository}/tags/list`, found, limit);
    return reply
      .header('content-type', 'application/json')
      .send(JSON.stringify({ name: repository, tags }));
  };
}
