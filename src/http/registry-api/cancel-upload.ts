import type { Uploads } from '../../registry/index.ts';
import type { Gate } from '../auth/index.ts';
import type { Endpoint } from './call.ts';
import { ownerOf } from './upload-reply.ts';

/** `DELETE /v2/<name>/blobs/uploads/<id>`. */
export function cancelUpload(gate: Gate, uploads: Uploads): Endpoint {
  return async ({ request, reply, repository, rest }) => {
    const owner = await ownerOf(gate, request, repository);
    await uploads.cancel(owner, rest);
    return reply.code(204).send();
  };
}
