import type { StoreError } from '../base/index.ts';

/** How the command ends; scripts depend on it. */
export const exitCodes = {
  /** It was done; the answer is yes. */
  done: 0,
  /** It was refused, or the answer is no: another end state, an image that does not verify. */
  no: 1,
  /** `candidate wait` ran out of time. */
  timeout: 2,
  /** The store could not be asked: not reached, not signed in, failed. */
  notAsked: 3,
  /** The command was not understood. */
  usage: 64,
} as const;

const notAsked =
  /^(REMOTE_|CLI_NOT_|CLI_FILE|CLI_LOGIN_INCOMPLETE|AUTH_REQUIRED|AUTH_PASSWORD_NEEDED|AUTH_CREDENTIALS_|AUTH_TOO_MANY_|AUTH_BUSY|AUTH_HEADER_|AUTH_REFRESH_|API_FAILED|API_TOO_MANY_|PASSPHRASE_|SIGNER_|NOTARY_FILE|NOTARY_DATABASE$|NOTARY_CHANGEFEED)/;
const usage = /^(CLI_USAGE|CLI_SERVER|CLI_PASSWORD_NEEDED|CONFIG_|NOTARY_\w+_URL)/;

/** The exit code of a command that ended with this error. */
export function exitCodeOf({ code }: StoreError): number {
  if (usage.test(code)) return exitCodes.usage;
  return notAsked.test(code) ? exitCodes.notAsked : exitCodes.no;
}

/** What a command's action reports when it is done: an exit code. */
export type Report = (exitCode: number) => void;
