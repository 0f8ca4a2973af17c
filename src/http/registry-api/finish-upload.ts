import type { Clock } from '../../base/index.ts';
import type { Uploads } from '../../registry/index.ts';
import type { Gate } from '../auth/index.ts';
import { hasBody } from './body.ts';
import { digestParameter, type Endpoint } from './call.ts';
import { uploadPart } from './upload-part.ts';
import { nameNewBlob, nameUpload, ownerOf } from './upload-reply.ts';

/** `PUT /v2/<name>/blobs/uploads/<id>?digest=`: the last bytes, or all of them, and what they are. */
export function finishUpload(gate: Gate, uploads: Uploads, clock: Clock): Endpoint {
  return async ({ request, reply, repository, rest }) => {
    const owner = await ownerOf(gate, request, repository);
    const digest = digestParameter(request);
    if (hasBody(request)) {
      // A refusal says too where the upload stands.
      nameUpload(reply, repository, await uploads.status(owner, rest));
      await uploads.append(owner, rest, uploadPart(request));
      reply.removeHeader('range').removeHeader('docker-upload-uuid').removeHeader('location');
    }
    await uploads.finish(owner, rest, digest, clock());
    return nameNewBlob(reply, repository, digest).send();
  };
}
