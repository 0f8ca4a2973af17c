import type { FastifyRequest } from 'fastify';
import type { UploadPart } from '../../registry/index.ts';
import { contentLength, fleetingBodyOf } from './body.ts';
import { registryApiError } from './errors.ts';
import { parseContentRange } from './ranges.ts';

/**
 * The body of a request as part of an upload, where its Content-Range says it belongs.
 * @throws StoreError REGISTRY_API_CONTENT_RANGE, REGISTRY_API_CONTENT_LENGTH
 */
export function uploadPart(request: FastifyRequest): UploadPart {
  const length = contentLength(request);
  const header = request.headers['content-range'];
  if (header === undefined) return { bytes: fleetingBodyOf(request), sizeBytes: length };
  const range = parseContentRange(header);
  const sizeBytes = range.end - range.start + 1;
  if (length !== undefined && length !== sizeBytes) {
    throw registryApiError('REGISTRY_API_CONTENT_LENGTH', {
      length,
      range: header.slice(0, 100),
      expected: sizeBytes,
    });
  }
  return { bytes: fleetingBodyOf(request), offset: range.start, sizeBytes };
}
