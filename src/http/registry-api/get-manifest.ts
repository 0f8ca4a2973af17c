import { isStoreError } from '../../base/index.ts';
import { parseReference, type Reference } from '../../oci/index.ts';
import { registryError } from '../../registry/index.ts';
import type { Gate } from '../auth/index.ts';
import { isKnownToClient, nameContent } from './caching.ts';
import type { Call, Endpoint } from './call.ts';
import type { Sight } from './sight.ts';

/**
 * `GET` and `HEAD /v2/<name>/manifests/<reference>`. The bytes are served as they were received,
 * whatever Accept says: to make another format of them would change the digest that was signed.
 */
export function getManifest(gate: Gate, sight: Sight): Endpoint {
  return async (call) => {
    const { request, reply, repository } = call;
    await gate.require(request, repository, ['pull']);
    const reference = referenceOf(call);
    const reads = await sight(request, repository);
    const stored = await reads.manifest(repository, reference);
    if (!stored) throw registryError('REGISTRY_MANIFEST_UNKNOWN', { repository, reference });
    nameContent(reply, stored.digest);
    if (isKnownToClient(request, stored.digest)) return reply.code(304).send();
    reply.header('content-type', stored.mediaType).header('content-length', stored.sizeBytes);
    return request.method === 'HEAD' ? reply.send() : reply.send(stored.bytes);
  };
}

/**
 * The reference of a path to something that exists. What cannot be a tag is a tag that nobody
 * pushed, and so unknown.
 * @throws StoreError REGISTRY_MANIFEST_UNKNOWN, DIGEST_INVALID
 */
export function referenceOf({ repository, rest }: Call): Reference {
  try {
    return parseReference(rest);
  } catch (error) {
    if (!isStoreError(error) || error.code !== 'OCI_TAG_INVALID') throw error;
    const reference = rest.slice(0, 200);
    throw registryError('REGISTRY_MANIFEST_UNKNOWN', { repository, reference }, error);
  }
}
