import type { Uploads } from '../../registry/index.ts';
import type { Gate } from '../auth/index.ts';
import type { Endpoint } from './call.ts';
import { nameUpload, ownerOf } from './upload-reply.ts';

/** `GET /v2/<name>/blobs/uploads/<id>`: how far it has come. */
export function getUpload(gate: Gate, uploads: Uploads): Endpoint {
  return async ({ request, reply, repository, rest }) => {
    const owner = await ownerOf(gate, request, repository);
    const upload = await uploads.status(owner, rest);
    return nameUpload(reply.code(204), repository, upload).send();
  };
}
