import { type ErrorSpec, errorFactory } from '../../base/index.ts';

/** Codes of talking to other machines as a client: registries, trust servers, token servers. */
export const remoteErrors = {
  REMOTE_UNREACHABLE: {
    message: '{origin} cannot be reached ({reason}); see that it runs and that the name is right',
  },
  REMOTE_CERTIFICATE: {
    message:
      'the certificate of {origin} is not trusted ({reason}); give the file of its CA, or of the certificate itself, with --cacert',
  },
  REMOTE_PLAIN_HTTP: {
    message: '{url} is not https; plain HTTP is spoken with this machine only',
  },
  REMOTE_TIMEOUT: { message: '{origin} did not answer within {timeoutMs} ms; try again later' },
  REMOTE_TOO_LARGE: {
    message: '{url} sent more than {limitBytes} bytes; nothing of it was used',
  },
  REMOTE_TRUNCATED: { message: '{url} ended before all was sent ({reason}); try again' },
  REMOTE_REDIRECT: { message: '{url} redirects {reason}; nothing was followed' },
  REMOTE_STATUS: { message: '{method} {url} answered {status} {explanation}' },
  REMOTE_UNAUTHORIZED: {
    message: '{origin} wants another login for {what}; run docker login {host}',
  },
  REMOTE_CHALLENGE: {
    message: '{origin} asks for a login in a way that is not understood: {reason}',
  },
  REMOTE_TOKEN: { message: 'the token server {realm} gave no token: {reason}' },
  REMOTE_ANSWER: { message: '{url} answered something else than was asked for: {reason}' },
  REMOTE_DOCKER_CONFIG: {
    message: "docker's configuration {file} cannot be used: {reason}; repair it or log in again",
  },
  REMOTE_CREDENTIAL_HELPER: {
    message:
      'docker-credential-{helper} gave no credentials for {host} ({reason}); run it yourself to see why',
  },
} satisfies Record<string, ErrorSpec>;

export const remoteError = errorFactory(remoteErrors);
