import { parseDigest } from '../../base/index.ts';
import { type OwnSeals, type RegistryIndex, registryError } from '../../registry/index.ts';
import type { Gate } from '../auth/index.ts';
import type { Endpoint } from './call.ts';

/** `DELETE /v2/<name>/blobs/<digest>`: the repository loses it; others that link it do not. */
export function deleteBlob(gate: Gate, index: RegistryIndex, seals: OwnSeals): Endpoint {
  return async ({ request, reply, repository, rest }) => {
    await gate.require(request, repository, ['delete']);
    if (seals.owns(repository)) throw registryError('REGISTRY_RECALL_NEEDED', { repository });
    await index.unlinkBlob(repository, parseDigest(rest));
    return reply.code(202).send();
  };
}
