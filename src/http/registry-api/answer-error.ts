import type { FastifyReply, FastifyRequest } from 'fastify';
import { isStoreError } from '../../base/index.ts';
import { toldOf } from '../auth/index.ts';
import { registryApiError } from './errors.ts';
import { errorBody, ociAnswer } from './oci-error.ts';

/** Docker takes a registry for one by this header. */
export const apiVersion = ['docker-distribution-api-version', 'registry/2.0'] as const;

/**
 * Answers with the OCI error body of an error. What is not ours becomes a 500 whose reason goes to
 * the log and not to the wire.
 */
export function answerError(request: FastifyRequest, reply: FastifyReply, thrown: unknown) {
  const error = toldOf(thrown, request.log);
  // Bytes still on their way are read and dropped, so that the sender gets to read the answer.
  if (!request.raw.complete) request.raw.resume();
  reply.header(...apiVersion).header('content-type', 'application/json');
  const answer = isStoreError(error) ? ociAnswer(error) : undefined;
  if (answer) return reply.code(answer.status).headers(answer.headers).send(answer.body);
  if (isRefusedByFastify(error)) {
    return reply.code(error.statusCode).send(errorBody('UNSUPPORTED', error.message));
  }
  // A client that went away is no fault of ours, and nobody reads the answer.
  if (request.raw.destroyed && !request.raw.complete) return reply.code(400).send();
  request.log.error({ err: error }, 'registry request failed');
  return reply.code(500).send(errorBody('UNKNOWN', 'the store failed; its log says why'));
}

/** The endpoint for paths below `/v2/` that no API knows. */
export async function answerUnknown(request: FastifyRequest, reply: FastifyReply) {
  return answerError(request, reply, registryApiError('REGISTRY_API_PATH_UNKNOWN'));
}

/** A request that Fastify refused before we saw it: a malformed path or Content-Type. */
function isRefusedByFastify(error: unknown): error is Error & { statusCode: number } {
  if (!(error instanceof Error && 'code' in error && 'statusCode' in error)) return false;
  const { code, statusCode } = error;
  return String(code).startsWith('FST_ERR_') && typeof statusCode === 'number' && statusCode < 500;
}
