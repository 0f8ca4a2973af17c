import type { Uploads } from '../../registry/index.ts';
import type { Gate } from '../auth/index.ts';
import type { Endpoint } from './call.ts';
import { uploadPart } from './upload-part.ts';
import { nameUpload, ownerOf } from './upload-reply.ts';

/**
 * `PATCH /v2/<name>/blobs/uploads/<id>`: more bytes. A refusal says too where the upload stands, so
 * that the client can go on from there.
 */
export function appendUpload(gate: Gate, uploads: Uploads): Endpoint {
  return async ({ request, reply, repository, rest }) => {
    const owner = await ownerOf(gate, request, repository);
    nameUpload(reply, repository, await uploads.status(owner, rest));
    const upload = await uploads.append(owner, rest, uploadPart(request));
    return nameUpload(reply.code(202), repository, upload).send();
  };
}
