import { Secret } from '../../base/index.ts';
import { readPassphraseFile } from './read-file.ts';
import type { PassphraseSource } from './source.ts';

/** Such as `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Passphrases from the variables of docker, then from those of notary; each also as a file
 * (`..._FILE`) or an open file descriptor (`..._FD`). An empty variable is one that is not set. No
 * minimum length, as with both: who sets a variable had a reason.
 *
 * @param environment  read when asked, not before
 * @throws StoreError PASSPHRASE_FILE when a file is named and cannot be read
 * @see docker/cli 28.2.2, cli/trust/trust.go GetPassphraseRetriever; notary 0.7.0, cmd/notary/main.go
 */
export function environmentPassphrases(environment: Environment): PassphraseSource {
  return variablePassphrases(environment, passphraseVariables);
}

/** The variable for what a key is encrypted with from now on, by `key passwd`. */
export const newPassphraseVariable = 'COUNTERMARK_NEW_PASSPHRASE';

/** The passphrase that a key gets, where it has one already: not the variable of its role. */
export function newPassphraseFrom(environment: Environment): PassphraseSource {
  return variablePassphrases(environment, () => [newPassphraseVariable]);
}

/** A secret of one variable, of its `_FILE` or of its `_FD`. @throws StoreError PASSPHRASE_FILE */
export function secretFrom(environment: Environment, name: string): Secret | undefined {
  const value = readValue(environment, name, new Map());
  return value === undefined ? undefined : new Secret(value);
}

/** The variables that are looked at for a role, in their order. */
export function passphraseVariables(role: string): [docker: string, notary: string] {
  switch (role) {
    case 'root':
      return ['DOCKER_CONTENT_TRUST_ROOT_PASSPHRASE', 'NOTARY_ROOT_PASSPHRASE'];
    case 'targets':
      return ['DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE', 'NOTARY_TARGETS_PASSPHRASE'];
    case 'snapshot':
      return ['DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE', 'NOTARY_SNAPSHOT_PASSPHRASE'];
    default:
      return ['DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE', 'NOTARY_DELEGATION_PASSPHRASE'];
  }
}

function variablePassphrases(
  environment: Environment,
  namesFor: (role: string) => readonly string[],
): PassphraseSource {
  const known = new Map<string, string>();
  return async ({ role, attempt }) => {
    const values = namesFor(role).map((name) => readValue(environment, name, known));
    const value = [...new Set(values.filter(Boolean))][attempt];
    return value === undefined ? undefined : new Secret(value);
  };
}

/** @param known  what was read before: a pipe gives its content once */
function readValue(
  environment: Environment,
  name: string,
  known: Map<string, string>,
): string | undefined {
  if (environment[name]) return environment[name];
  for (const variable of [`${name}_FILE`, `${name}_FD`]) {
    const place = environment[variable];
    if (!place) continue;
    const value = known.get(`${variable} ${place}`) ?? readPassphraseFile(variable, place);
    known.set(`${variable} ${place}`, value);
    return value || undefined;
  }
  return undefined;
}

const secretNames = /^(COUNTERMARK|NOTARY)_|_PASSPHRASE(_FILE|_FD)?$/;

/** The variables that a program which we start may see: passphrases, PINs and logins are not among them. */
export function withoutSecrets(environment: Environment): Record<string, string | undefined> {
  const names = Object.keys(environment).filter((name) => !secretNames.test(name));
  return Object.fromEntries(names.map((name) => [name, environment[name]]));
}
