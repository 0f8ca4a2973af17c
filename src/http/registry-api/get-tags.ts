import { registryError } from '../../registry/index.ts';
import type { Gate } from '../auth/index.ts';
import { type Endpoint, queryOf } from './call.ts';
import type { Sight } from './sight.ts';
import { TagList } from './tag-list.ts';

/** `GET /v2/<name>/tags/list?n=&last=`: what was pushed, or what of it readers see, in byte order. */
export function getTags(gate: Gate, sight: Sight): Endpoint {
  return async ({ request, reply, repository }) => {
    await gate.require(request, repository, ['pull']);
    const list = new TagList(repository, queryOf(request));
    const reads = await sight(request, repository);
    for (let page = list.wanted; page; page = list.wanted) {
      const found = await reads.tags(repository, page);
      if (!found) throw registryError('REGISTRY_REPOSITORY_UNKNOWN', { repository });
      list.add(found);
    }
    if (list.link !== undefined) reply.header('link', list.link);
    return reply.header('content-type', 'application/json; charset=utf-8').send(list.bytes);
  };
}
