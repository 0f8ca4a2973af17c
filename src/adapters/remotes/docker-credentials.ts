import { readFile } from 'node:fs/promises';
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
    const bytes = await readFile(file).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ENOENT') return undefined;
      throw remoteError(
        'REMOTE_DOCKER_CONFIG',
        { file, reason: cause.code ?? 'unreadable' },
        cause,
      );
    });
    if (bytes === undefined) return undefined;
    const config = parseDockerConfig(bytes, file);
    const helper = entryOf(config.credHelpers, host) ?? config.credsStore;
    if (helper === undefined) return entryOf(config.auths, host);
    return (await askCredentialHelper(helper, serverOf(host))) ?? entryOf(config.auths, host);
  };
}
