import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Digest } from '../../base/index.ts';
import type { RepositoryName } from '../../oci/index.ts';
import type { UploadOwner, UploadStatus } from '../../registry/index.ts';
import type { Gate } from '../auth/index.ts';

/**
 * Asks whether the request may push here, and says to whom its uploads belong.
 * @param from  a repository that a blob might be mounted from
 */
export async function ownerOf(
  gate: Gate,
  request: FastifyRequest,
  repository: RepositoryName,
  from?: string,
): Promise<UploadOwner> {
  const principal = await gate.require(request, repository, ['pull', 'push'], from);
  return { repository, user: principal.name };
}

/** Says where the upload goes on. An empty one has the range `0-0`, as docker's registry says it. */
export function nameUpload(
  reply: FastifyReply,
  repository: RepositoryName,
  upload: UploadStatus,
): FastifyReply {
  return reply
    .header('location', `/v2/${repository}/blobs/uploads/${upload.id}`)
    .header('range', `0-${Math.max(upload.sizeBytes - 1, 0)}`)
    .header('docker-upload-uuid', upload.id);
}

/** Says that the blob is there. */
export function nameNewBlob(
  reply: FastifyReply,
  repository: RepositoryName,
  digest: Digest,
): FastifyReply {
  return reply
    .code(201)
    .header('location', `/v2/${repository}/blobs/${digest}`)
    .header('docker-content-digest', digest);
}
