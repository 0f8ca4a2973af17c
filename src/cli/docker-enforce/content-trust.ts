import type { Flags } from '../docker-trust/parse-flags.ts';
import type { CliWorld } from '../ports.ts';

/** The flag by which docker 28 and older switch content trust on or off for one command. */
export const trustFlag = 'disable-content-trust';

/** What Go reads as false; an empty variable is one that is not set. */
export const offWords: ReadonlySet<string> = new Set([
  '',
  '0',
  'f',
  'F',
  'FALSE',
  'false',
  'False',
]);

/**
 * Whether content trust is wanted for a command: its own flag counts, else the variable. A variable
 * that cannot be read switches it on, as in docker.
 *
 * @see docker/cli 28.2.2, cli/command/cli.go contentTrustEnabled
 */
export function wantsTrust(env: CliWorld['env'], flags: Flags): boolean {
  if (flags.text(trustFlag) !== undefined) return !flags.isOn(trustFlag);
  return !offWords.has(env.DOCKER_CONTENT_TRUST ?? '');
}

/** False when {@link wantsTrust} is, whatever the words are parsed to. */
export function mayWantTrust(env: CliWorld['env'], words: readonly string[]): boolean {
  const isOn = !offWords.has(env.DOCKER_CONTENT_TRUST ?? '');
  return isOn || words.some((word) => word.startsWith(`--${trustFlag}`));
}
