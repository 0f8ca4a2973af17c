import { type CredentialSource, isLoopback, Remotes } from '../../adapters/remotes/index.ts';
import type { Clock } from '../../base/index.ts';
import type { CliWorld, DockerOptions } from '../../cli/index.ts';
import type { RegistrySource, TrustRemote } from '../../client/index.ts';
import { type Gun, hostOfGun } from '../../tuf/index.ts';
import { appError } from '../errors.ts';
import { readTlsFolder } from './tls-folder.ts';

export interface ServersOptions extends Pick<DockerOptions, 'ca' | 'onlyCa'> {
  /** docker's configuration folder. */
  readonly folder: string;
  readonly env: CliWorld['env'];
  readonly clock: Clock;
  readonly credentials: CredentialSource;
  /** The trust server of a repository; default the one that is asked over HTTPS. */
  readonly remoteFor?: ((gun: Gun) => TrustRemote) | undefined;
}

/**
 * The trust servers and registries of this person's images: found by docker's variables, and spoken to with its
 * logins, certificates and proxies. What a command asks of one server shares connections.
 */
export class Servers implements Disposable {
  readonly #options: ServersOptions;
  readonly #opened = new Map<string, Remotes>();

  constructor(options: ServersOptions) {
    this.#options = options;
  }

  /** HOST[:PORT] of the trust server of a repository. @throws StoreError CONFIG_TRUST_SERVER */
  trustServerOf(gun: Gun): string {
    const chosen = chosenTrustServer(this.#options.env);
    return chosen ? new URL(chosen).host : defaultTrustServer(gun);
  }

  /** @throws StoreError CONFIG_TRUST_SERVER, CONFIG_TLS_FOLDER */
  async trust(gun: Gun, access: { readonly forWriting: boolean }): Promise<TrustRemote> {
    return this.#options.remoteFor?.(gun) ?? (await this.#remotesFor(gun)).trust(gun, access);
  }

  /** The registry of a repository, to read from. @throws StoreError CONFIG_TRUST_SERVER, CONFIG_TLS_FOLDER */
  async registry(gun: Gun): Promise<RegistrySource> {
    return (await this.#remotesFor(gun)).registrySource(hostOfGun(gun));
  }

  [Symbol.dispose](): void {
    for (const remotes of this.#opened.values()) remotes[Symbol.dispose]();
  }

  /**
   * One for each trust server, since its folder of certificates is its own. What is on loopback goes unverified
   * for images of a registry on loopback only, as with docker: no other process here may speak for another host.
   */
  async #remotesFor(gun: Gun): Promise<Remotes> {
    const host = this.trustServerOf(gun);
    const verifyLoopback = !isLoopback(hostOfGun(gun).replace(/:\d+$/, ''));
    const place = `${host} ${verifyLoopback}`;
    const known = this.#opened.get(place);
    if (known) return known;
    const { folder, env, ca, onlyCa, credentials, clock } = this.#options;
    const beside = await readTlsFolder(folder, host, ca);
    const tls = { verifyLoopback, ...beside, ...(onlyCa !== undefined && { ca: onlyCa }) };
    const trustServer = chosenTrustServer(env);
    const remotes = new Remotes({ credentials, clock, ...tls, trustServer, proxyEnv: env });
    this.#opened.set(place, remotes);
    return remotes;
  }
}

function defaultTrustServer(gun: Gun): string {
  const host = hostOfGun(gun);
  return host === 'docker.io' ? 'notary.docker.io' : host;
}

/**
 * @throws StoreError CONFIG_TRUST_SERVER unless it is an https URL, and one without a login: those are in docker's
 *         configuration, and this URL stands in messages
 */
function chosenTrustServer({
  DOCKER_CONTENT_TRUST_SERVER: text,
}: CliWorld['env']): string | undefined {
  if (!text) return undefined;
  const url = URL.canParse(text) && !/\s/.test(text) ? new URL(text) : undefined;
  if (url?.protocol === 'https:' && url.username === '' && url.password === '') return text;
  // A password may hold anything, and be cut off with its @: what stands before the last one goes first.
  const server = text.replace(/^([a-z]+:\/\/)?.*@/is, '$1...@').slice(0, 200);
  throw appError('CONFIG_TRUST_SERVER', { server });
}
