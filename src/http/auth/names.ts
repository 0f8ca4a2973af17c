import { fromUtf8, type Secret, utf8 } from '../../base/index.ts';
import { isGun } from '../../tuf/index.ts';
import { authError } from './errors.ts';
import { isReserved } from './place.ts';

/** Longest user name. */
export const nameLimitBytes = 64;
/** Longest password; longer ones would only cost us work. */
export const passwordLimitBytes = 1024;

const userName = /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/;

/**
 * A user name: docker's clients put it before a colon, signers use it as a role name, and a
 * producer's is a part of repository names, so it is kept to what all three allow.
 * @throws StoreError AUTH_USER_NAME_INVALID
 */
export function parseUserName(text: string): string {
  if (text.length > nameLimitBytes || !userName.test(text)) {
    throw authError('AUTH_USER_NAME_INVALID', { name: text.slice(0, 100) });
  }
  return text;
}

/**
 * A namespace: the first part of ordinary names, as it is spelt in them: of repositories (`acme`), of GUNs
 * of other registries, for which content trust is kept here (`docker.io`), of Notary's own (`MyCollection`).
 *
 * @param origins  the store's own HOST[:PORT] names; they are not namespaces, in whatever spelling
 * @throws StoreError AUTH_NAMESPACE_INVALID, AUTH_NAMESPACE_RESERVED
 */
export function parseNamespace(text: string, origins: readonly string[]): string {
  if (!isGun(text) || text.includes('/')) {
    throw authError('AUTH_NAMESPACE_INVALID', { namespace: text.slice(0, 100) });
  }
  if (isReserved(text, origins)) throw authError('AUTH_NAMESPACE_RESERVED', { namespace: text });
  return text;
}

/**
 * Checks that a password can be used with HTTP Basic (RFC 7617: no control characters). How strong
 * it must be is the operator's choice; length is not strength.
 * @throws StoreError AUTH_PASSWORD_UNFIT
 */
export function checkPassword(password: Secret): Secret {
  const text = password.reveal();
  const bytes = utf8(text);
  if (text.length === 0) throw authError('AUTH_PASSWORD_UNFIT', { reason: 'is empty' });
  if (bytes.length > passwordLimitBytes) {
    throw authError('AUTH_PASSWORD_UNFIT', {
      reason: `is longer than ${passwordLimitBytes} bytes`,
    });
  }
  if (/\p{Cc}/u.test(text) || fromUtf8(bytes) !== text) {
    throw authError('AUTH_PASSWORD_UNFIT', { reason: 'holds a control character or is not text' });
  }
  return password;
}
