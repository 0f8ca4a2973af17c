import type { FastifyReply, FastifyRequest } from 'fastify';
import {
  type Digest,
  type DigestAlgorithm,
  digestAlgorithms,
  parseDigest,
} from '../../base/index.ts';
import type { RepositoryName } from '../../oci/index.ts';
import { registryApiError } from './errors.ts';

/** One request. */
export interface RootCall {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** One request about a repository, with what its path says. */
export interface Call extends RootCall {
  readonly repository: RepositoryName;
  /** What follows the repository in the path: a reference, a digest, an upload's id; else empty. */
  readonly rest: string;
}

export type RootEndpoint = (call: RootCall) => Promise<unknown>;
export type Endpoint = (call: Call) => Promise<unknown>;

/** The query of a request; of a name that comes twice, the first counts. */
export function queryOf(request: FastifyRequest): URLSearchParams {
  const url = request.raw.url ?? '';
  const start = url.indexOf('?');
  return new URLSearchParams(start < 0 ? '' : url.slice(start + 1));
}

/** @throws StoreError REGISTRY_API_DIGEST_MISSING, DIGEST_INVALID */
export function digestParameter(request: FastifyRequest): Digest {
  const text = queryOf(request).get('digest');
  if (text === null) throw registryApiError('REGISTRY_API_DIGEST_MISSING');
  return parseDigest(text);
}

/**
 * With which algorithm the digest of an upload will be made: what `digest-algorithm` says.
 * @throws StoreError REGISTRY_API_ALGORITHM
 */
export function algorithmParameter(request: FastifyRequest): DigestAlgorithm | undefined {
  const text = queryOf(request).get('digest-algorithm');
  if (text === null) return undefined;
  const algorithm = digestAlgorithms.find((known) => known === text);
  if (algorithm) return algorithm;
  throw registryApiError('REGISTRY_API_ALGORITHM', { found: text.slice(0, 50) });
}
