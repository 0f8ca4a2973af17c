import { join } from 'node:path';
import {
  environmentPassphrases,
  firstOf,
  processTerminal,
  terminalPassphrases,
} from '../../adapters/passphrase/index.ts';
import { dockerCredentials } from '../../adapters/remotes/index.ts';
import { ChangeFolder, KeyFolder, MetadataFolder } from '../../adapters/trust-folder/index.ts';
import type { Clock } from '../../base/index.ts';
import type { CliWorld, DockerOptions, DockerTrustWorld } from '../../cli/index.ts';
import {
  type Changelist,
  gunOf,
  imageContent,
  publish,
  publishStaged,
  refusalsBy,
  releasedBy,
  releasesBy,
  rotateKey,
  stage,
  type TrustRemote,
  verifyImage,
} from '../../client/index.ts';
import { parseImageReference, withDefaultTag } from '../../oci/index.ts';
import { type Gun, parseKeyId } from '../../tuf/index.ts';
import { standardOutput } from '../output.ts';
import { DockerWithEngine } from './docker-with-engine.ts';
import { openKeyring } from './keyring.ts';
import { parsePublicKeyFile } from './public-key-file.ts';
import { Repositories } from './repositories.ts';
import { Servers } from './servers.ts';
import { signerKeysOf } from './signer-keys.ts';
import { readTrustPolicy } from './trust-policy.ts';

export interface DockerWorldOptions extends DockerOptions {
  /** Told, in a line, what a person should know though nothing failed. */
  readonly warn?: (text: string) => void;
  /** The trust server of a repository; default the one that is asked over HTTPS. */
  readonly remoteFor?: (gun: Gun) => TrustRemote;
}

/**
 * Content trust of this person: docker's folder, variables, logins and terminal.
 * @param folder  docker's configuration folder
 */
export async function openDockerWorld(
  folder: string,
  env: CliWorld['env'],
  clock: Clock,
  options: DockerWorldOptions = {},
): Promise<DockerTrustWorld> {
  const { offline = false, warn = () => {}, remoteFor, ca, onlyCa, globals } = options;
  const trust = join(folder, 'trust');
  const terminal = processTerminal(() => process.stdin, standardOutput);
  const passphrases = firstOf(environmentPassphrases(env), terminalPassphrases(terminal));
  const files = new KeyFolder(trust, passphrases);
  // Few have one, and what asks a token is large.
  const tokens = env.COUNTERMARK_PKCS11_MODULE
    ? await import('../../adapters/root-token/index.ts')
    : undefined;
  const token = tokens?.rootTokenFrom(env, terminal);
  const keys = tokens && token ? new tokens.TokenRoots(files, token) : files;
  const credentials = dockerCredentials(folder);
  const program = new DockerWithEngine({ folder, env, globals, credentials });
  const servers = new Servers({ folder, env, clock, credentials, ca, onlyCa, remoteFor });
  const readPolicy = () => readTrustPolicy(trust, options.policy);
  const cache = new MetadataFolder(trust);
  const repositories = new Repositories({
    ...{ servers, cache, keys, readPolicy, offline, warn, clock },
  });
  return {
    configFolder: folder,
    keyring: openKeyring(trust, env, passphrases, token),
    program,
    ...trustOf(repositories, servers),
    ...stagingOf(repositories, new ChangeFolder(trust, clock)),
    ...signerKeysOf(keys, files, passphrases),
    parsePublicKeyFile,
    userOf: async (host) => (await credentials(host))?.username ?? '',
    requireLocalImage: (name) => program.requireLocalImage(name),
    push: (name, tag, watcher) => program.pushTag(name, tag, watcher),
    [Symbol.dispose]() {
      servers[Symbol.dispose]();
      program[Symbol.dispose]();
      token?.[Symbol.dispose]();
    },
  };
}

/** What the client library does with these repositories. */
function trustOf(repositories: Repositories, servers: Servers) {
  const opened = async (gun: Gun) => (await repositories.open(gun)).set;
  return {
    trustServerOf: (gun) => servers.trustServerOf(gun),
    rule: (gun) => repositories.rule(gun),
    open: (gun, forWriting) => repositories.open(gun, forWriting),
    release: async (gun, tag) => releasedBy(await opened(gun), tag, await repositories.rule(gun)),
    lastDigest: (gun, tag) => repositories.lastDigest(gun, tag),
    releases: async (gun) => releasesBy(await opened(gun), await repositories.rule(gun)),
    refusals: async (gun) => refusalsBy(await opened(gun), await repositories.rule(gun)),
    async verify(name, { deep, rootKeyIds = [] }) {
      const image = withDefaultTag(parseImageReference(name));
      const gun = gunOf(image);
      const pinned = rootKeyIds.length > 0 && { pin: { rootKeyIds: rootKeyIds.map(parseKeyId) } };
      const request = { ...(await repositories.request(gun)), ...pinned };
      const registry = await servers.registry(gun);
      return await verifyImage({ ...request, image, registry, deep });
    },
    async content(image, reference) {
      const registry = await servers.registry(gunOf(image));
      return await imageContent(registry, image.repository, reference);
    },
    async rotateKey(gun, role, to) {
      return await rotateKey({ ...(await repositories.publication(gun)), role, to });
    },
    async publish(gun, changes, whenNew) {
      return await publish({ ...(await repositories.publication(gun)), changes, whenNew });
    },
  } satisfies Partial<DockerTrustWorld>;
}

/** What can wait for the next publish. */
function stagingOf(repositories: Repositories, changelist: Changelist) {
  return {
    changelist,
    async stage(gun, changes) {
      await repositories.open(gun, 'for-writing');
      return await stage({ ...(await repositories.publication(gun)), changelist, changes });
    },
    async publishStaged(gun, listed) {
      const asShown: Changelist = {
        list: async () => listed,
        append: (...more) => changelist.append(...more),
        remove: (...gone) => changelist.remove(...gone),
      };
      return await publishStaged({ ...(await repositories.publication(gun)), changelist: asShown });
    },
  } satisfies Partial<DockerTrustWorld>;
}
