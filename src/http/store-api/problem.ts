import type { FastifyReply, FastifyRequest } from 'fastify';
import { isStoreError, type StoreError } from '../../base/index.ts';
import type { chainErrors } from '../../chain/index.ts';
import { retryAfterSeconds, statusOf, toldOf } from '../auth/index.ts';
import { type ApiCode, apiError } from './errors.ts';
import type { ProblemJson } from './schemas.ts';

type ChainCode = keyof typeof chainErrors;

/** Status of every code the API may answer with, besides those of sign-in; 500 hides the detail. */
const statuses: Record<
  ApiCode | ChainCode | 'JSON_INVALID' | 'JSON_TOO_DEEP' | 'JSON_TOO_MANY_VALUES',
  number
> = {
  API_PATH_UNKNOWN: 404,
  API_REQUEST_INVALID: 400,
  API_MEDIA_TYPE: 415,
  API_TOO_LARGE: 413,
  API_TOO_MANY_WAITERS: 503,
  API_FAILED: 500,
  JSON_INVALID: 400,
  JSON_TOO_DEEP: 400,
  JSON_TOO_MANY_VALUES: 400,
  CHAIN_REPOSITORY_NAME: 400,
  CHAIN_CANDIDATE_UNKNOWN: 404,
  CHAIN_STATE: 409,
  CHAIN_STATE_CHANGED: 409,
  CHAIN_REASON_NEEDED: 422,
  CHAIN_REASON_LENGTH: 422,
  CHAIN_ACTOR_NEEDED: 422,
  CHAIN_REFUSED: 409,
  CHAIN_RECALLED: 409,
  CHAIN_SUPERSEDED: 409,
  CHAIN_TAG_IMMUTABLE: 409,
  REVIEW_FINDINGS_BLOCK: 409,
  CHAIN_HISTORY_BROKEN: 409,
  CHAIN_EVIDENCE_BROKEN: 409,
  CHAIN_EVIDENCE_SHAPE: 409,
  CHAIN_IMAGE_GONE: 409,
  CHAIN_PUBLISH_CONFLICT: 409,
  ADMIT_METADATA_MALFORMED: 409,
  ADMIT_TOO_MANY_TARGETS: 409,
  SEAL_STORE_NAME: 500,
  SEAL_METADATA_FOREIGN: 409,
};

const titles = new Map([
  [400, 'The request is not right'],
  [401, 'Sign in first'],
  [403, 'Not permitted'],
  [404, 'Not found'],
  [409, 'Not in this state'],
  [413, 'Too large'],
  [415, 'Wrong media type'],
  [422, 'Not acceptable as it is'],
  [429, 'Too many attempts'],
  [503, 'Not at this moment'],
]);

/**
 * Answers an error as problem+json. What nobody meant to raise goes to the log, and the client
 * learns no more than that.
 * @see RFC 9457
 */
export function answerProblem(thrown: unknown, request: FastifyRequest, reply: FastifyReply) {
  const error = toldOf(thrown, request.log);
  const known = knownError(error);
  const status = known ? (statusOf(known) ?? statusHere(known)) : 500;
  if (status === 500) request.log.error({ err: error }, 'api request failed');
  const told = known && status !== 500 ? known : apiError('API_FAILED');
  const wait = retryAfterSeconds(told);
  if (wait !== undefined) reply.header('retry-after', wait);
  const { challenge } = told.detail;
  if (status === 401) reply.header('www-authenticate', challenge ?? 'Basic realm="countermark"');
  const problem: ProblemJson = {
    type: 'about:blank',
    title: titles.get(status) ?? 'The store failed',
    status,
    detail: told.message,
    code: told.code,
  };
  return reply.code(status).type('application/problem+json').send(JSON.stringify(problem));
}

function statusHere({ code }: StoreError): number {
  return Object.hasOwn(statuses, code) ? statuses[code as keyof typeof statuses] : 500;
}

/** Fastify's own refusals get our codes. */
function knownError(error: unknown): StoreError | undefined {
  if (isStoreError(error)) return error;
  switch ((error as { statusCode?: unknown }).statusCode) {
    case 400:
      return apiError('API_REQUEST_INVALID', { where: 'it', reason: 'is malformed' }, error);
    case 413:
      return apiError('API_TOO_LARGE', {}, error);
    case 415:
      return apiError('API_MEDIA_TYPE', {}, error);
    default:
      return undefined;
  }
}
