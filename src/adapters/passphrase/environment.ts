import { Secret } from '../../base/index.ts';
import type { PassphraseSource } from './source.ts';

/**
 * Passphrases from the variables of docker, then from those of notary. An empty variable is one
 * that is not set. No minimum length, as with both: who sets a variable had a reason.
 *
 * @param environment  such as `process.env`; read when asked, not before
 * @see docker/cli 28.2.2, cli/trust/trust.go GetPassphraseRetriever; notary 0.7.0, cmd/notary/main.go
 */
export function environmentPassphrases(
  environment: Readonly<Record<string, string | undefined>>,
): PassphraseSource {
  return async ({ role, attempt }) => {
    const values = passphraseVariables(role).map((name) => environment[name]);
    const value = [...new Set(values.filter(Boolean))][attempt];
    return value === undefined ? undefined : new Secret(value);
  };
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
