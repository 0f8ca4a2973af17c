import { parseDigest } from '../../base/index.ts';
import type { RegistryIndex } from '../../registry/index.ts';
import type { Gate } from '../auth/index.ts';
import type { Endpoint } from './call.ts';

/** `DELETE /v2/<name>/blobs/<digest>`: the repository loses it; others that link it do not. */
export function deleteBlob(gate: Gate, index: RegistryIndex): Endpoint {
  return async ({ request, reply, repository, rest }) => {
    await gate.require(request, repository, ['delete']);
    await index.unlinkBlob(repository, parseDigest(rest));
    return reply.code(202).send();
  };
}
