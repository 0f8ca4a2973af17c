import { type ErrorSpec, errorFactory } from '../../base/index.ts';

/** Codes of sign-in, tokens, permissions and the management of users. */
export const authErrors = {
  AUTH_REQUIRED: { message: '{reason}' },
  AUTH_DENIED: { message: '{who} may not {what}; {remedy}' },
  AUTH_PASSWORD_NEEDED: {
    message:
      'a saved login is not enough to {what}; sign in with the password (COUNTERMARK_USER, COUNTERMARK_PASSWORD)',
  },
  AUTH_HEADER_INVALID: {
    message: 'the Authorization header is not "Basic" and base64 of user:password in UTF-8',
  },
  AUTH_CREDENTIALS_WRONG: { message: 'incorrect user name or password' },
  AUTH_REFRESH_TOKEN_INVALID: {
    message: 'the saved login has expired or was withdrawn; run docker login again',
  },
  AUTH_TOO_MANY_ATTEMPTS: {
    message: 'too many failed logins; wait {retryAfterSeconds} s and try again',
  },
  AUTH_BUSY: {
    message: 'too many logins at this moment; wait {retryAfterSeconds} s and try again',
  },
  AUTH_SCOPE_INVALID: {
    message: '"{scope}" is not a scope; write repository:NAME:pull,push or registry:catalog:*',
  },
  AUTH_TOKEN_REQUEST_INVALID: { message: 'the token request is malformed: {reason}' },
  AUTH_SERVICE_UNKNOWN: {
    message: 'this store gives no tokens for the service "{service}"; its own is "{own}"',
  },
  AUTH_USER_NAME_INVALID: {
    message:
      '"{name}" is no user name; write 1 to 64 lowercase letters and digits, with single . _ - between them',
  },
  AUTH_NAMESPACE_INVALID: {
    message:
      '"{namespace}" is no namespace; write the first part of a repository name, such as acme',
  },
  AUTH_NAMESPACE_RESERVED: {
    message: 'the namespace "{namespace}" is reserved for the store; choose another (--namespace)',
  },
  AUTH_PASSWORD_UNFIT: { message: 'the password {reason}; choose another' },
  AUTH_USER_EXISTS: { message: 'a user named "{name}" exists already; nothing was changed' },
  AUTH_USER_UNKNOWN: { message: 'there is no user named "{name}"; see user list' },
} satisfies Record<string, ErrorSpec>;

export type AuthCode = keyof typeof authErrors;
export const authError = errorFactory(authErrors);
