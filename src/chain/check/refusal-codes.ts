import { isStoreError, type StoreError } from '../../base/index.ts';
import { baseRoles, type Gun, type TufErrorCode } from '../../tuf/index.ts';
import { type CheckCode, checkError } from './errors.ts';

/**
 * What a failure of the metadata is called at the check. `expired` is told apart by role, since
 * each has another remedy. The table is total: a new TUF code does not compile without a row.
 */
const codes: Record<TufErrorCode, CheckCode | 'expired'> = {
  TUF_EXPIRED: 'expired',
  TUF_ROLLBACK: 'CHECK_ROLLBACK',

  TUF_ROOT_UNTRUSTED: 'CHECK_ROOT_UNTRUSTED',
  TUF_ROOT_VERSION: 'CHECK_ROOT_UNTRUSTED',
  TUF_ROOT_CERTIFICATE_EXPIRED: 'CHECK_ROOT_CERTIFICATE_EXPIRED',
  TUF_ROOT_CERTIFICATE_INVALID: 'CHECK_ROOT_CERTIFICATE',
  TUF_ROOT_CERTIFICATE_NAME: 'CHECK_ROOT_CERTIFICATE',

  TUF_NO_SIGNATURES: 'CHECK_SIGNATURE_THRESHOLD',
  TUF_BELOW_THRESHOLD: 'CHECK_SIGNATURE_THRESHOLD',
  TUF_SIGNATURE_INVALID: 'CHECK_SIGNATURE_THRESHOLD',

  TUF_HASH_MISMATCH: 'CHECK_METADATA_MISMATCH',
  TUF_SIZE_MISMATCH: 'CHECK_METADATA_MISMATCH',
  TUF_NOT_IN_SNAPSHOT: 'CHECK_METADATA_MISMATCH',
  TUF_UNAVAILABLE: 'CHECK_METADATA_MISSING',

  TUF_TARGET_UNKNOWN: 'CHECK_TARGET_WITHDRAWN',
  TUF_TARGET_NOT_RELEASED: 'CHECK_TARGET_WITHDRAWN',
  TUF_TARGET_NO_SHA256: 'CHECK_TARGET_INVALID',

  TUF_MALFORMED: 'CHECK_METADATA_MALFORMED',
  TUF_TOO_LARGE: 'CHECK_METADATA_MALFORMED',
  TUF_TOO_MANY: 'CHECK_METADATA_MALFORMED',
  TUF_KEY_ID_MISMATCH: 'CHECK_METADATA_MALFORMED',
  TUF_KEY_ID_INVALID: 'CHECK_METADATA_MALFORMED',
  TUF_KEY_INVALID: 'CHECK_METADATA_MALFORMED',
  TUF_NOT_FIXPOINT: 'CHECK_METADATA_MALFORMED',
  TUF_GUN_INVALID: 'CHECK_METADATA_MALFORMED',
  TUF_ROLE_INVALID: 'CHECK_METADATA_MALFORMED',
  TUF_DELEGATION_UNKNOWN: 'CHECK_METADATA_MALFORMED',
  TUF_TARGET_NAME_INVALID: 'CHECK_METADATA_MALFORMED',
  TUF_CUSTOM_INVALID: 'CHECK_METADATA_MALFORMED',
};

/**
 * The refusal that a failure of the metadata means. What is no refusal (a database that does not
 * answer) comes back as it is, to be tried again.
 */
export function refusalOf(error: unknown, gun: Gun, tag: string): unknown {
  if (!isStoreError(error) || !Object.hasOwn(codes, error.code)) return error;
  const code = codes[error.code as TufErrorCode];
  const detail = { gun, tag, reason: reasonOf(error) };
  return checkError(code === 'expired' ? expiredCode(error) : code, detail, error);
}

function expiredCode(error: StoreError): CheckCode {
  const role = baseRoles.find((base) => base === error.detail.role);
  switch (role) {
    case 'timestamp':
      return 'CHECK_TIMESTAMP_EXPIRED';
    case 'snapshot':
      return 'CHECK_SNAPSHOT_EXPIRED';
    case 'targets':
      return 'CHECK_TARGETS_EXPIRED';
    case 'root':
      return 'CHECK_ROOT_EXPIRED';
    case undefined:
      return 'CHECK_DELEGATION_EXPIRED';
  }
}

/** The first half of a TUF sentence: its advice is for who updates, ours for who signs. */
function reasonOf(error: StoreError): string {
  return error.message.split('; ', 1)[0] as string;
}
