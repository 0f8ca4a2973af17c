import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { askCredentialHelper } from './credential-helper.ts';
import type { CredentialSource } from './credentials.ts';
import { entryOf, parseDockerConfig, serverOf } from './docker-config.ts';
import { remoteError } from './errors.ts';

/**
 * What `docker login` saved: in the configuration file itself, or in the credential helper it names
 * for the host, or for all hosts. A file that is not there means that nobody logged in.
 *
 * @param folder  docker's configuration folder, `~/.docker` unless DOCKER_CONFIG names another
 */
export function dockerCredentials(folder: string): CredentialSource {
  const file = join(folder, 'config.json');
  return async (host) => {
    const bytes = readConfig(file);
    if (bytes === undefined) return undefined;
    const config = parseDockerConfig(bytes, file);
    const helper = entryOf(config.credHelpers, host) ?? config.credsStore;
    if (helper === undefined) return entryOf(config.auths, host);
    return (await askCredentialHelper(helper, serverOf(host))) ?? entryOf(config.auths, host);
  };
}

/** At once: a turn of the loop costs more than a small file. @returns undefined when there is none */
function readConfig(file: string): Uint8Array | undefined {
  try {
    return readFileSync(file);
  } catch (cause) {
    const { code = 'unreadable' } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw remoteError('REMOTE_DOCKER_CONFIG', { file, reason: code }, cause);
  }
}
