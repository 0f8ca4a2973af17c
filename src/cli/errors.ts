import { type ErrorSpec, errorFactory } from '../base/index.ts';

/** What the command line itself refuses. */
export const cliErrors = {
  CLI_USAGE: { message: '{reason}' },
  CLI_DOCKER_TRUST: { message: '{reason}' },
  CLI_NOT_ASKED: {
    message: 'there is no terminal to ask: "{question}"; nothing was done. Say {flag} to go on',
  },
  CLI_LAST_ROOT: {
    message:
      '{keyId} is the last root key of {guns} in this folder; nothing was removed. Back it up, and say --last-root --yes to remove it all the same',
  },
  CLI_UNENFORCEABLE: { message: 'content trust cannot be enforced: {reason}' },
  CLI_SERVER: {
    message: '"{server}" is not the address of a store; write https://HOST:PORT (--server)',
  },
  CLI_FILE: { message: 'cannot read {file} ({reason}); check the path' },
  CLI_PASSWORD_NEEDED: {
    message: 'a password is needed; give it on standard input, with --password-stdin',
  },
  CLI_LOGIN_INCOMPLETE: {
    message: 'COUNTERMARK_USER and COUNTERMARK_PASSWORD belong together; {missing} is not set',
  },
  CLI_NOT_SIGNED_IN: {
    message:
      'the store asks who you are; run "docker login {host}", or set COUNTERMARK_USER and COUNTERMARK_PASSWORD',
  },
  CLI_NOT_A_STORE: {
    message:
      '{server} answered {status} in a way no Countermark store does; check the address (--server)',
  },
} satisfies Record<string, ErrorSpec>;

export const cliError = errorFactory(cliErrors);
