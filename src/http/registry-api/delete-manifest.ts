import { isDigestReference } from '../../oci/index.ts';
import type { RegistryIndex } from '../../registry/index.ts';
import type { Gate } from '../auth/index.ts';
import type { Endpoint } from './call.ts';
import { referenceOf } from './get-manifest.ts';

/** `DELETE /v2/<name>/manifests/<reference>`: a tag alone, or by digest a manifest and its tags. */
export function deleteManifest(gate: Gate, index: RegistryIndex): Endpoint {
  return async (call) => {
    const { request, reply, repository } = call;
    await gate.require(request, repository, ['delete']);
    const reference = referenceOf(call);
    await (isDigestReference(reference)
      ? index.deleteManifest(repository, reference)
      : index.deleteTag(repository, reference));
    return reply.code(202).send();
  };
}
