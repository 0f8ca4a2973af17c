import type { Clock } from '../../base/index.ts';
import { isDigestReference } from '../../oci/index.ts';
import { type RegistryIndex, registryError } from '../../registry/index.ts';
import type { Gate } from '../auth/index.ts';
import { preconditionOf } from './caching.ts';
import type { Endpoint } from './call.ts';
import { referenceOf } from './get-manifest.ts';

/** `DELETE /v2/<name>/manifests/<reference>`: a tag alone, or by digest a manifest and its tags. */
export function deleteManifest(gate: Gate, index: RegistryIndex, clock: Clock): Endpoint {
  return async (call) => {
    const { request, reply, repository } = call;
    await gate.require(request, repository, ['delete']);
    const reference = referenceOf(call);
    const precondition = preconditionOf(request);
    if (!isDigestReference(reference)) await index.deleteTag(repository, reference, precondition);
    else if (!precondition || precondition(reference)) {
      await index.deleteManifest(repository, reference, clock());
    } else throw registryError('REGISTRY_PRECONDITION', { reference, found: reference });
    return reply.code(202).send();
  };
}
