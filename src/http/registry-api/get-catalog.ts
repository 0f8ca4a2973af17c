import type { RepositoryName } from '../../oci/index.ts';
import type { ReaderViews, RegistryIndex } from '../../registry/index.ts';
import type { MayPull, RegistryGate } from '../auth/index.ts';
import type { RootEndpoint } from './call.ts';
import { linkNextPage, type PageRequest, pageRequest } from './paging.ts';

/** Names read at once, and for one answer: whoever may see few of many gets a short page. */
const batch = 1_000;
const scanLimit = 20_000;
/** Repositories of which is asked together whether readers see anything. */
const askedAtOnce = 16;

/**
 * `GET /v2/_catalog?n=&last=`: the repositories that have a manifest, of which readers see
 * anything, and that who asks may pull.
 */
export function getCatalog(
  gate: RegistryGate,
  index: RegistryIndex,
  views: ReaderViews,
): RootEndpoint {
  return async ({ request, reply }) => {
    const mayPull = await gate.requireList(request);
    const page = pageRequest(request);
    const { repositories, last } = await readable(index, views, mayPull, page);
    if (last !== undefined) linkNextPage(reply, '/v2/_catalog', page.limit, last);
    return reply.header('content-type', 'application/json').send(JSON.stringify({ repositories }));
  };
}

/** @returns one page, and the name after which the next one begins; undefined when this is the last */
async function readable(
  index: RegistryIndex,
  views: ReaderViews,
  mayPull: MayPull,
  { after, limit }: PageRequest,
) {
  const repositories: RepositoryName[] = [];
  let last = after;
  for (let scanned = 0; limit > 0; scanned += batch) {
    const names = await index.repositories({ after: last, limit: batch });
    for (let at = 0; at < names.length; at += askedAtOnce) {
      const some = names.slice(at, at + askedAtOnce);
      const isListed = await Promise.all(some.map((name) => mayPull(name) && views.lists(name)));
      for (const [i, name] of some.entries()) {
        if (isListed[i]) {
          // One further than asked for: now it is known that there is a next page.
          if (repositories.length === limit) return { repositories, last };
          repositories.push(name);
        }
        last = name;
      }
    }
    if (names.length < batch) break;
    if (scanned + batch >= scanLimit) return { repositories, last };
  }
  return { repositories, last: undefined };
}
