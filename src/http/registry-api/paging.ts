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
 * The Link header of a page.
 * @param limit  of the next page; undefined for as much as it holds
 * @param last  the entry after which the next page begins
 */
export function nextPage(path: string, limit: number | undefined, last: string): string {
  const n = limit === undefined ? '' : `n=${limit}&`;
  return `<${path}?${n}last=${encodeURIComponent(last)}>; rel="next"`;
}

/** @param last  the entry after which the next page begins */
export function linkNextPage(reply: FastifyReply, path: string, limit: number, last: string): void {
  reply.header('link', nextPage(path, limit, last));
}

/** @see RFC 8288 */
export function linkNext(reply: FastifyReply, path: string): void {
  reply.header('link', `<${path}>; rel="next"`);
}
