import type { FastifyReply, FastifyRequest } from 'fastify';
import { queryOf } from './call.ts';
import { registryApiError } from './errors.ts';

const pageLimit = 10_000;

/** A page of a list, as the query asks for it. */
export interface PageRequest {
  readonly after: string | undefined;
  readonly limit: number;
}

/**
 * Reads `n` and `last`.
 * @throws StoreError REGISTRY_API_PAGE_INVALID
 * @see OCI distribution-spec 1.1, "Listing Tags"
 */
export function pageRequest(request: FastifyRequest): PageRequest {
  return pageOf(queryOf(request));
}

/** @throws StoreError REGISTRY_API_PAGE_INVALID */
export function pageOf(query: URLSearchParams): PageRequest {
  const n = query.get('n');
  if (n !== null && !/^\d{1,15}$/.test(n)) {
    throw registryApiError('REGISTRY_API_PAGE_INVALID', { found: n.slice(0, 50) });
  }
  return {
    after: query.get('last') ?? undefined,
    limit: Math.min(n === null ? pageLimit : Number(n), pageLimit),
  };
}

/**
 * Cuts a page out of a list that was read one entry further than asked for, and links to the next.
 * @param path  of this list, to be continued with a query
 */
export function cutPage<T extends string>(
  reply: FastifyReply,
  path: string,
  entries: readonly T[],
  limit: number,
): readonly T[] {
  const page = entries.slice(0, limit);
  const last = page.at(-1);
  if (last !== undefined && entries.length > limit) {
    linkNextPage(reply, path, limit, last);
  }
  return page;
}

/** The Link header of a page. @param last  the entry after which the next page begins */
export function nextPage(path: string, limit: number, last: string): string {
  return `<${path}?n=${limit}&last=${encodeURIComponent(last)}>; rel="next"`;
}

/** @param last  the entry after which the next page begins */
export function linkNextPage(reply: FastifyReply, path: string, limit: number, last: string): void {
  reply.header('link', nextPage(path, limit, last));
}

/** @see RFC 8288 */
export function linkNext(reply: FastifyReply, path: string): void {
  reply.header('link', `<${path}>; rel="next"`);
}
