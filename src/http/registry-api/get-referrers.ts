import { parseDigest } from '../../base/index.ts';
import { mediaTypes } from '../../oci/index.ts';
import type { Gate } from '../auth/index.ts';
import { type Endpoint, queryOf } from './call.ts';
import { type Descriptions, referrersBody } from './descriptions.ts';
import { linkNext } from './paging.ts';
import type { Sight } from './sight.ts';

/**
 * Manifests are read in small batches, since each may have 4 MiB. A page ends when it is this long,
 * or when so much was read for it: what is read is parsed, which keeps others waiting.
 */
const batch = 4;
const pageBytes = 1024 * 1024;
const readBytes = 16 * 1024 * 1024;

/**
 * `GET /v2/<name>/referrers/<digest>?artifactType=`: manifests whose subject that is, as an index.
 * There may be none, and the subject need not exist.
 */
export function getReferrers(gate: Gate, sight: Sight, descriptions: Descriptions): Endpoint {
  return async ({ request, reply, repository, rest }) => {
    await gate.require(request, repository, ['pull']);
    const subject = parseDigest(rest);
    const query = queryOf(request);
    const artifactType = query.get('artifactType') ?? undefined;
    const manifests: string[] = [];
    let after = query.get('last') ?? undefined;
    let sizeBytes = 0;
    let readSoFar = 0;
    const reads = await sight(request, repository);
    for (let full = true; full; ) {
      const filter = { after, limit: batch, artifactType };
      const found = await reads.referrers(repository, subject, filter);
      const descriptors = found.map((stored) => descriptions.of(stored));
      manifests.push(...descriptors);
      for (const descriptor of descriptors) sizeBytes += descriptor.length;
      for (const stored of found) readSoFar += stored.sizeBytes;
      after = found.at(-1)?.digest ?? after;
      full = found.length === batch;
      if (full && (sizeBytes > pageBytes || readSoFar > readBytes)) {
        const next = new URLSearchParams({
          ...(artifactType && { artifactType }),
          last: after ?? '',
        });
        linkNext(reply, `/v2/${repository}/referrers/${subject}?${next}`);
        break;
      }
    }
    if (artifactType !== undefined) reply.header('oci-filters-applied', 'artifactType');
    return reply.header('content-type', mediaTypes.ociIndex).send(referrersBody(manifests));
  };
}
