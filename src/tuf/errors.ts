import { type ErrorSpec, errorFactory } from '../base/index.ts';

/**
 * Everything that TUF names, files and trust can be refused for. `role` in a detail is the role
 * whose file is wrong; nothing in a detail has been verified unless the sentence says so.
 */
export const tufErrors = {
  TUF_GUN_INVALID: {
    message:
      '"{text}" is not a GUN; write HOST[:PORT]/repository or another name of at most 255 characters, without ? # % * \\, without empty parts, and nothing that cannot be seen',
  },
  TUF_ROLE_INVALID: {
    message:
      '"{text}" is not a role; write root, targets, snapshot, timestamp or targets/name with a-z 0-9 - _',
  },
  TUF_KEY_ID_INVALID: { message: '"{text}" is not a key id; write 64 lower case hex digits' },
  TUF_KEY_INVALID: { message: 'this key cannot be used: {reason}' },
  TUF_TARGET_NAME_INVALID: { message: 'the target name {name} cannot be signed: {reason}' },
  TUF_CUSTOM_INVALID: {
    message:
      'the custom value of target {name} cannot be signed: {reason}; Notary could not read it',
  },

  TUF_TOO_LARGE: { message: '{role} has {sizeBytes} bytes; at most {limitBytes} are read' },
  TUF_MALFORMED: { message: '{role} is malformed: {reason}' },
  TUF_KEY_ID_MISMATCH: {
    message: '{role} files a key under the id {listed}, but the id of its content is {computed}',
  },
  TUF_NOT_FIXPOINT: {
    message:
      '{role} is not written as Notary would write it again (first difference at character {at}); upload it in that form',
  },

  TUF_NO_SIGNATURES: { message: '{role} bears no signature' },
  TUF_BELOW_THRESHOLD: {
    message: '{role} has valid signatures of {valid} of its keys and needs {threshold}',
  },
  TUF_SIGNATURE_INVALID: { message: 'the signature by key {keyId} does not fit: {reason}' },
  TUF_EXPIRED: {
    message: '{role} expired at {expiresAt}; its publisher, or its server, must sign it again',
  },
  TUF_ROLLBACK: {
    message: '{role} version {version} is lower than version {seen}, which was seen before',
  },
  TUF_HASH_MISMATCH: {
    message: '{algorithm} of {role} is not what {by} says; expected {expected}, found {found}',
  },
  TUF_SIZE_MISMATCH: {
    message: '{role} is not as long as {by} says: expected {expected} bytes, found {found}',
  },
  TUF_NOT_IN_SNAPSHOT: { message: 'the snapshot does not list {role}' },
  TUF_DELEGATION_UNKNOWN: { message: 'no trusted role delegates to {role}' },
  TUF_UNAVAILABLE: { message: 'the source has no {role}, although the repository names it' },
  TUF_TOO_MANY: { message: 'this repository has more than {limit} {what}; it is not followed' },

  TUF_ROOT_CERTIFICATE_INVALID: {
    message: 'no root key of {gun} has a certificate that counts: {reason}',
  },
  TUF_ROOT_CERTIFICATE_NAME: {
    message: 'no root certificate is made out to {gun}; found {names}',
  },
  TUF_ROOT_CERTIFICATE_EXPIRED: {
    message:
      'the root certificate of {gun} is valid from {validFrom} to {validTo} only; its root key must be rotated while it is valid',
  },
  TUF_ROOT_UNTRUSTED: {
    message:
      'root version {version} is not signed by the keys of version {trusted}, which was trusted before',
  },
  TUF_ROOT_VERSION: {
    message:
      'root version {version} cannot follow version {trusted}; each root follows the one before it',
  },

  TUF_TARGET_UNKNOWN: { message: 'nobody in this repository signed {name}' },
  TUF_TARGET_NOT_RELEASED: {
    message: '{name} is signed by {roles} only, which does not count here; sign it as a release',
  },
  TUF_TARGET_NO_SHA256: { message: 'the signed target {name} has no sha256, so it names no image' },
} satisfies Record<string, ErrorSpec>;

export type TufErrorCode = keyof typeof tufErrors;

/** Makes the errors of this folder. */
export const tufError = errorFactory(tufErrors);

/** TUF_MALFORMED for this reason; whoever knows of which file it is said adds its role. */
export function malformed(reason: string) {
  return tufError('TUF_MALFORMED', { role: '', reason });
}
