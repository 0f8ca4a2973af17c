import type { FastifyRequest } from 'fastify';
import type { UploadPart } from '../../registry/index.ts';
import { bodyOf, contentLength } from './body.ts';
import { registryApiError } from './errors.ts';
import { parseContentRange } from './ranges.ts';

/**
 * The body of a request as part of an upload, where its Content-Range says it belongs.
 * @throws StoreError REGISTRY_API_CONTENT_RANGE, REGISTRY_API_CONTENT_LENGTH
 */
export function uploadPart(request: FastifyRequest): UploadPart {
  const length = contentLength(request);
  const header = request.headers['content-range'];
  if (header === undefined) return { bytes: bodyOf(request), sizeBytes: length };
  const range = parseContentRange(header);
  const sizeBytes = range.end - range.start + 1;
  if (length !== undefined && length !== sizeBytes) {
    throw registryApiError('REGISTRY_API_CONTENT_LENGTH', {
      length,
      range: header.slice(0, 100),
      expected: sizeBytes,
    });
  }
  return { bytes: bodyOf(request), offset: range.start, sizeBytes };
}
