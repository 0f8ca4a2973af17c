import { isStoreError, type Json, type StoreError, utf8 } from '../../base/index.ts';
import type { TrustErrorCode } from '../../trust/index.ts';
import type { NotaryErrorCode } from './errors.ts';

/** Codes of the protocol, with the sentence that the peer says. @see notary 0.7.0 server/errors */
const notaryCodes = {
  NO_FILENAME: [400, 'No file/role name provided.'],
  INVALID_ROLE: [400, 'The role you are attempting to operate on is invalid.'],
  MALFORMED_JSON: [400, 'JSON sent by the client could not be parsed by the server'],
  VERSION: [400, 'A newer version of metadata is already available.'],
  METADATA_NOT_FOUND: [404, 'You have requested metadata that does not exist.'],
  INVALID_UPDATE: [400, 'Update sent by the client is invalid.'],
  MALFORMED_UPLOAD: [400, 'The body of your request is malformed.'],
  INVALID_GUN: [400, 'The server does not support actions on images of this name.'],
  INVALID_PARAMETERS: [400, 'The parameters provided are not valid.'],
  UNAUTHORIZED: [401, 'authentication required'],
  DENIED: [403, 'requested access to the resource is denied'],
  TOOMANYREQUESTS: [429, 'too many requests'],
  UNAVAILABLE: [503, 'service unavailable'],
  UNKNOWN: [500, 'unknown error'],
} as const satisfies Record<string, readonly [status: number, message: string]>;

type NotaryCode = keyof typeof notaryCodes;

/** Every code of this folder and of the trust server; one that is missing does not compile. */
const ours: Record<NotaryErrorCode | TrustErrorCode, NotaryCode> = {
  NOTARY_NOT_FOUND: 'METADATA_NOT_FOUND',
  NOTARY_MALFORMED_UPLOAD: 'MALFORMED_UPLOAD',
  NOTARY_UPLOAD_TOO_LARGE: 'MALFORMED_UPLOAD',
  NOTARY_NO_FILENAME: 'NO_FILENAME',
  NOTARY_GUN_NOT_SERVED: 'INVALID_GUN',
  NOTARY_INVALID_PARAMETERS: 'INVALID_PARAMETERS',
  TRUST_VERSION_CONFLICT: 'VERSION',
  TRUST_VERSION_RETIRED: 'VERSION',
  TRUST_ROOT_MISSING: 'INVALID_UPDATE',
  TRUST_TARGETS_MISSING: 'INVALID_UPDATE',
  TRUST_SNAPSHOT_MISSING: 'INVALID_UPDATE',
  TRUST_SNAPSHOT_MISMATCH: 'INVALID_UPDATE',
  TRUST_TIMESTAMP_KEY_UNKNOWN: 'INVALID_UPDATE',
  TRUST_SIGNER_UNAVAILABLE: 'UNAVAILABLE',
};

/** Go clients read the first 1024 bytes of an error and print nothing useful if it is longer. */
const bodyLimitBytes = 1000;

/** An error as it goes over the wire. */
export interface ErrorAnswer {
  readonly status: number;
  /** `{"errors":[...]}` and a line break, below 1 KiB. */
  readonly body: string;
  /** False when it must be looked into: nobody meant to raise it. */
  readonly expected: boolean;
}

/**
 * What Notary's clients are told. An error that is not meant for them says UNKNOWN and no more.
 *
 * @param error   whatever was thrown
 * @param status  of the codes of sign-in; undefined for every other error
 * @param upload  true while an update is looked at: only then is a TUF_ code the client's fault
 * @param wanted  what access was asked for, told when it is refused
 */
export function answerTo(
  error: unknown,
  { status, upload, wanted }: { status: number | undefined; upload: boolean; wanted: Json },
): ErrorAnswer {
  const code = isStoreError(error) ? (authCodes.get(status) ?? codeOf(error, upload)) : 'UNKNOWN';
  const [httpStatus, message] = notaryCodes[code];
  let detail = isStoreError(error) ? detailOf(error, code, wanted) : undefined;
  let body = serialize(code, message, detail);
  for (let length = 400; utf8(body).length > bodyLimitBytes; length = Math.floor(length / 2)) {
    detail = shorten(detail, length);
    body = serialize(code, message, detail);
  }
  return { status: httpStatus, body, expected: code !== 'UNKNOWN' };
}

const authCodes = new Map<number | undefined, NotaryCode>([
  [401, 'UNAUTHORIZED'],
  [403, 'DENIED'],
  [429, 'TOOMANYREQUESTS'],
  [503, 'UNAVAILABLE'],
]);

function codeOf(error: StoreError, upload: boolean): NotaryCode {
  if (Object.hasOwn(ours, error.code)) return ours[error.code as keyof typeof ours];
  if (!upload || !error.code.startsWith('TUF_')) return 'UNKNOWN';
  // Without a role refused it is not about a file but about the request around the files.
  if (error.detail.refused === undefined) {
    if (error.code === 'TUF_GUN_INVALID') return 'INVALID_GUN';
    if (error.code === 'TUF_ROLE_INVALID') return 'INVALID_ROLE';
  }
  return isNotJson(error) ? 'MALFORMED_JSON' : 'INVALID_UPDATE';
}

function isNotJson({ cause }: StoreError): boolean {
  return isStoreError(cause) && /^JSON_(?:INVALID|TOO_DEEP|TOO_MANY_VALUES)$/.test(cause.code);
}

function detailOf(error: StoreError, code: NotaryCode, wanted: Json): Json | undefined {
  switch (code) {
    case 'INVALID_UPDATE':
      return { Name: nameOf(error), Error: errorOf(error), Code: error.code };
    case 'UNAUTHORIZED':
    case 'DENIED':
      return wanted;
    case 'INVALID_ROLE':
    case 'INVALID_GUN':
      return String(error.detail.text ?? error.message);
    case 'METADATA_NOT_FOUND':
    case 'UNKNOWN':
      return undefined;
    default:
      return error.message;
  }
}

/** Which sentence Go clients put before ours: it follows what is wrong, else the role that is. */
function nameOf({ code, detail }: StoreError): string {
  if (code === 'TRUST_TARGETS_MISSING' || code === 'TRUST_SNAPSHOT_MISSING') {
    return 'ErrBadHierarchy';
  }
  if (code === 'TRUST_ROOT_MISSING') return 'ErrValidation';
  const role = String(detail.refused);
  if (role === 'root') return 'ErrBadRoot';
  if (role === 'targets' || role.startsWith('targets/')) return 'ErrBadTargets';
  return role === 'snapshot' ? 'ErrBadSnapshot' : 'ErrValidation';
}

function errorOf(error: StoreError): Json {
  if (nameOf(error) !== 'ErrBadHierarchy') return { Msg: error.message };
  return { Missing: String(error.detail.refused), Msg: error.message };
}

function serialize(code: NotaryCode, message: string, detail: Json | undefined): string {
  const error = detail === undefined ? { code, message } : { code, message, detail };
  return `${JSON.stringify({ errors: [error] })}\n`;
}

/** Cuts every text in it to a length, between characters. */
function shorten(value: Json | undefined, length: number): Json | undefined {
  if (typeof value === 'string') return [...value].slice(0, length).join('');
  if (Array.isArray(value)) return value.slice(0, 4).map((item) => shorten(item, length) ?? null);
  if (value === null || typeof value !== 'object') return value;
  const members = Object.entries(value).map(([name, item]) => [name, shorten(item, length)]);
  return Object.fromEntries(members) as Json;
}
