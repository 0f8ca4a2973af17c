import { parseDigest } from '../../base/index.ts';
import { type BlobStore, openBlob, type RegistryIndex } from '../../registry/index.ts';
import type { Gate } from '../auth/index.ts';
import { isKnownToClient, nameContent } from './caching.ts';
import type { Endpoint } from './call.ts';
import { parseRange } from './ranges.ts';
import { sendBytes } from './send-bytes.ts';

/** `GET` and `HEAD /v2/<name>/blobs/<digest>`, whole or one range of it. */
export function getBlob(gate: Gate, index: RegistryIndex, blobs: BlobStore): Endpoint {
  return async ({ request, reply, repository, rest }) => {
    await gate.require(request, repository, ['pull']);
    const blob = await openBlob(index, blobs, repository, parseDigest(rest));
    nameContent(reply, blob.digest);
    if (isKnownToClient(request, blob.digest)) return reply.code(304).send();

    // Only GET has ranges (RFC 9110 section 14.2).
    const header = request.method === 'GET' ? request.headers.range : undefined;
    reply.header('accept-ranges', 'bytes').header('content-range', `bytes */${blob.sizeBytes}`);
    const range = parseRange(header, blob.sizeBytes);
    reply.removeHeader('content-range').header('content-type', 'application/octet-stream');
    if (range) {
      reply
        .code(206)
        .header('content-range', `bytes ${range.start}-${range.end}/${blob.sizeBytes}`);
    }
    reply.header('content-length', range ? range.end - range.start + 1 : blob.sizeBytes);
    if (request.method === 'HEAD') return reply.send();
    return sendBytes(reply, blob.read(range));
  };
}
