import { type Clock, parseDigest } from '../../base/index.ts';
import { keepBlob, type RegistryIndex } from '../../registry/index.ts';
import type { Gate } from '../auth/index.ts';
import { isKnownToClient, isPartWanted, nameContent } from './caching.ts';
import type { Endpoint } from './call.ts';
import { parseRange } from './ranges.ts';
import { sendBytes } from './send-bytes.ts';
import type { Sight } from './sight.ts';

interface Options {
  readonly gate: Gate;
  readonly index: RegistryIndex;
  readonly sight: Sight;
  readonly clock: Clock;
  /** How often a blob that is asked for by `HEAD` is kept from collection anew. */
  readonly keepEveryMs: number;
}

/**
 * `GET` and `HEAD /v2/<name>/blobs/<digest>`, whole or one range of it. Who may read it is sent to where
 * the blobs lie, if the operator wants that; the range goes with the request.
 */
export function getBlob({ gate, index, sight, clock, keepEveryMs }: Options): Endpoint {
  return async ({ request, reply, repository, rest }) => {
    await gate.require(request, repository, ['pull']);
    const reads = await sight(request, repository);
    const blob = await reads.openBlob(repository, parseDigest(rest));
    // Who asks before a push does not send what is here.
    if (request.method === 'HEAD') await keepBlob(index, repository, blob, clock(), keepEveryMs);
    nameContent(reply, blob.digest);
    if (isKnownToClient(request, blob.digest)) return reply.code(304).send();

    const elsewhere = request.method === 'GET' ? await blob.link?.() : undefined;
    if (elsewhere !== undefined) {
      // Whoever has it may read: nobody may keep it longer than it is good for.
      return reply
        .code(307)
        .header('location', elsewhere)
        .header('cache-control', 'no-store')
        .send();
    }

    // Only GET has ranges (RFC 9110 section 14.2).
    const isPart = request.method === 'GET' && isPartWanted(request, blob.digest);
    const header = isPart ? request.headers.range : undefined;
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
