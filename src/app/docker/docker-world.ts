import { createPublicKey, randomInt } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  environmentPassphrases,
  firstOf,
  processTerminal,
  terminalPassphrases,
} from '../../adapters/passphrase/index.ts';
import { dockerCredentials, Remotes } from '../../adapters/remotes/index.ts';
import {
  folderError,
  KeyFolder,
  MetadataFolder,
  parseKeyFile,
  parsePem,
  serializePem,
  unlockForeignKey,
} from '../../adapters/trust-folder/index.ts';
import { type Clock, fromUtf8, isStoreError, utf8 } from '../../base/index.ts';
import type { CliWorld, DockerOptions, DockerTrustWorld } from '../../cli/index.ts';
import {
  accessUnder,
  gunOf,
  imageContent,
  openTrust,
  publish,
  refusalsBy,
  releasedBy,
  releasesBy,
  rotateKey,
  ruleFor,
  type Trust,
  type TrustPolicy,
  type TrustRemote,
  type TrustRule,
  verifyImage,
} from '../../client/index.ts';
import { parseImageReference, withDefaultTag } from '../../oci/index.ts';
import {
  barePublicKey,
  type Gun,
  hostOfGun,
  type PublicKey,
  parseKeyId,
  publicKey,
} from '../../tuf/index.ts';
import { appError } from '../errors.ts';
import { standardOutput } from '../output.ts';
import { DockerWithEngine } from './docker-with-engine.ts';
import { openKeyring } from './keyring.ts';
import { readTlsFolder } from './tls-folder.ts';
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
  const { offline = false, warn = () => {}, remoteFor } = options;
  const trust = join(folder, 'trust');
  const cache = new MetadataFolder(trust);
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
  const program = new DockerWithEngine({ folder, env, globals: options.globals, credentials });
  const opened = new Map<string, Remotes>();
  const read = new Map<Gun, Promise<Trust>>();
  let policy: Promise<TrustPolicy> | undefined;
  async function rule(gun: Gun): Promise<TrustRule> {
    policy ??= readTrustPolicy(trust, options.policy);
    return ruleFor(await policy, gun);
  }
  /** One for each trust server, since its folder of certificates is its own. */
  async function remotesFor(gun: Gun): Promise<Remotes> {
    const host = trustServerHost(gun);
    const known = opened.get(host);
    if (known) return known;
    const beside = await readTlsFolder(folder, host, options.ca);
    const tls = { ...beside, ...(options.onlyCa !== undefined && { ca: options.onlyCa }) };
    const trustServer = trustServerOf(env);
    const remotes = new Remotes({ credentials, clock, ...tls, trustServer, proxyEnv: env });
    opened.set(host, remotes);
    return remotes;
  }
  async function trustRemote(gun: Gun, access: { forWriting: boolean }): Promise<TrustRemote> {
    return remoteFor?.(gun) ?? (await remotesFor(gun)).trust(gun, access);
  }
  function trustServerHost(gun: Gun): string {
    const trustServer = trustServerOf(env);
    return trustServer ? new URL(trustServer).host : defaultTrustServer(gun);
  }
  /** What a repository is opened with, and the rule that it is opened under. */
  async function opening(gun: Gun, forWriting: boolean) {
    const own = await rule(gun);
    const source = await trustRemote(gun, { forWriting });
    const onKeptUsed = () => warn(`${keptWarning(gun)}\n`);
    const access = accessUnder(own, offline);
    return { gun, source, cache, rule: own, ...access, onKeptUsed, now: clock() };
  }
  function open(gun: Gun, forWriting?: 'for-writing'): Promise<Trust> {
    const known = read.get(gun) ?? opening(gun, forWriting !== undefined).then(openTrust);
    read.set(gun, known);
    return known;
  }
  /** What this command opened is the past as soon as it publishes. */
  async function publishing(gun: Gun) {
    const remote = await trustRemote(gun, { forWriting: true });
    const pause = (attempt: number) => sleep(randomInt(20 * Math.min(attempt, 20)));
    const opened = await read.get(gun)?.catch(() => undefined);
    read.delete(gun);
    const { pin } = await rule(gun);
    return { gun, remote, cache, keys, pin, now: clock(), pause, opened };
  }
  return {
    configFolder: folder,
    keyring: openKeyring(trust, env, passphrases, token),
    program,
    open,
    trustServerOf: trustServerHost,
    release: async (gun, tag) => releasedBy((await open(gun)).set, tag, await rule(gun)),
    releases: async (gun) => releasesBy((await open(gun)).set, await rule(gun)),
    refusals: async (gun) => refusalsBy((await open(gun)).set, await rule(gun)),
    rule,
    async verify(name, { deep, rootKeyIds = [] }) {
      const image = withDefaultTag(parseImageReference(name));
      const gun = gunOf(image);
      const pinned = rootKeyIds.length > 0 && { pin: { rootKeyIds: rootKeyIds.map(parseKeyId) } };
      const trust = { ...(await opening(gun, false)), ...pinned };
      const registry = (await remotesFor(gun)).registrySource(image.host);
      return await verifyImage({ ...trust, image, registry, deep });
    },
    async content(image, reference) {
      const registry = (await remotesFor(gunOf(image))).registrySource(image.host);
      return await imageContent(registry, image.repository, reference);
    },
    async rotateKey(gun, role, to) {
      return await rotateKey({ ...(await publishing(gun)), role, to });
    },
    async publish(gun, changes, whenNew) {
      return await publish({ ...(await publishing(gun)), changes, whenNew });
    },
    async userOf(host) {
      return (await credentials(host))?.username ?? '';
    },
    async signerKey(name) {
      const own = (await keys.keys()).find(({ role }) => role === name);
      return (await (own ? keys.signer(own.id) : keys.create(name))).key;
    },
    requireLocalImage: (name) => program.requireLocalImage(name),
    push: (name, tag, watcher) => program.pushTag(name, tag, watcher),
    async createSignerKey(name) {
      const { key } = await keys.create(name);
      const headers = new Map([['role', name]]);
      return { id: key.id, pem: serializePem({ type: 'PUBLIC KEY', headers, bytes: key.bytes }) };
    },
    async loadSignerKey(name, bytes, file) {
      const key = await unlockForeignKey(name, parseKeyFile(bytes, file), file, passphrases);
      return await files.keep(key, name);
    },
    parsePublicKeyFile: readPublicKeyFile,
    [Symbol.dispose]() {
      for (const remotes of opened.values()) remotes[Symbol.dispose]();
      program[Symbol.dispose]();
      token?.[Symbol.dispose]();
    },
  };
}

function keptWarning(gun: Gun): string {
  return `Warning: the trust server of ${gun} does not answer; what was verified before is used, which may not be the latest`;
}

function defaultTrustServer(gun: Gun): string {
  const host = hostOfGun(gun);
  return host === 'docker.io' ? 'notary.docker.io' : host;
}

/** @throws StoreError CONFIG_TRUST_SERVER unless it is an https URL */
function trustServerOf({ DOCKER_CONTENT_TRUST_SERVER: text }: CliWorld['env']): string | undefined {
  if (!text) return undefined;
  if (URL.canParse(text) && new URL(text).protocol === 'https:') return text;
  throw appError('CONFIG_TRUST_SERVER', { server: text.slice(0, 200) });
}

/** A signer's public key: SPKI, as `key generate` writes it, or a certificate. */
function readPublicKeyFile(bytes: Uint8Array): PublicKey {
  const [block] = parsePem(fromUtf8(bytes));
  const file = 'the file';
  if (!block) throw folderError('FOLDER_KEY_MALFORMED', { file, reason: 'it holds no PEM block' });
  const pem = serializePem({ ...block, headers: new Map() });
  try {
    const key = createPublicKey(pem);
    const kind = key.asymmetricKeyType;
    if (kind !== 'ec' && kind !== 'rsa') {
      throw folderError('FOLDER_KEY_UNSUPPORTED', { file, kind: String(kind) });
    }
    if (block.type === 'PUBLIC KEY') return barePublicKey(key);
    if (block.type !== 'CERTIFICATE') {
      throw folderError('FOLDER_KEY_UNSUPPORTED', { file, kind: block.type });
    }
    return publicKey(kind === 'rsa' ? 'rsa-x509' : 'ecdsa-x509', utf8(pem));
  } catch (error) {
    if (isStoreError(error)) throw error;
    const reason = 'it is neither a public key nor a certificate';
    throw folderError('FOLDER_KEY_MALFORMED', { file, reason }, error);
  }
}
