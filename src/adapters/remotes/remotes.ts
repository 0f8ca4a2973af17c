import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../base/index.ts';
import type { RegistrySource } from '../../client/index.ts';
import type { ImageReference, RepositoryName } from '../../oci/index.ts';
import { type Gun, hostOfGun } from '../../tuf/index.ts';
import { AuthorizedClient, type AuthorizedClientOptions } from './authorized-client.ts';
import type { CredentialSource } from './credentials.ts';
import { remoteError } from './errors.ts';
import type { HttpsClientOptions } from './http-request.ts';
import { HttpsClient } from './https-client.ts';
import { isLoopback } from './loopback.ts';
import { secureOrPlain, speaksNoTls } from './plain-registry.ts';
import { leadsOutside } from './redirect.ts';
import { RegistryRemote } from './registry-remote.ts';
import { RepositoryRemote } from './repository-remote.ts';
import { TrustServerRemote } from './trust-server-remote.ts';

export interface RemotesOptions extends HttpsClientOptions {
  readonly credentials: CredentialSource;
  readonly clock: Clock;
  /** URL of a trust server that serves all repositories; else each host serves its own. */
  readonly trustServer?: string | undefined;
  /**
   * `outside`: registries send us, to a blob or a token server, only where {@link leadsOutside} lets them;
   * else anywhere.
   */
  readonly redirects?: 'anywhere' | 'outside' | undefined;
}

type NamedRepository = Pick<ImageReference, 'host' | 'repository'>;

const hubRegistry = 'https://registry-1.docker.io';
const hubTrustServer = 'https://notary.docker.io';
const pingLimitBytes = 64 * 1024;

/**
 * The remotes of one command. They share connections and tokens; closing it closes them.
 */
export class Remotes implements Disposable {
  readonly #options: RemotesOptions;
  readonly #http: HttpsClient;
  readonly #clients = new Map<string, AuthorizedClient>();

  constructor(options: RemotesOptions) {
    this.#options = options;
    this.#http = new HttpsClient(options);
  }

  /**
   * @param host  of image references, with its port
   * @param scheme  `http` for a registry without TLS; it is refused but on loopback
   */
  registry(host: string, scheme: 'https' | 'http' = 'https'): RegistryRemote {
    const origin = registryOrigin(host, scheme);
    return new RegistryRemote({
      origin,
      client: this.#client(origin, host),
      follows: this.#follows,
    });
  }

  /** A registry to read from; on loopback also one without TLS. */
  registrySource(host: string): RegistrySource {
    const hostname = URL.canParse(`https://${host}`) ? new URL(`https://${host}`).hostname : '';
    const secure = this.registry(host);
    return isLoopback(hostname) ? secureOrPlain(secure, this.registry(host, 'http')) : secure;
  }

  /**
   * A repository to copy from. A registry on loopback that speaks no TLS is spoken to without.
   * @throws StoreError REMOTE_UNREACHABLE and others of {@link HttpsClient.send}
   */
  async copySource({ host, repository }: NamedRepository): Promise<RepositoryRemote> {
    const origin = await this.#originSpoken(host);
    const client = this.#client(origin, host);
    return new RepositoryRemote({ client, origin, repository, pause });
  }

  /** A repository to copy to. @param mountFrom  one of the same registry whose blobs it may be given */
  async copyDestination(
    { host, repository }: NamedRepository,
    mountFrom?: RepositoryName,
  ): Promise<RepositoryRemote> {
    const origin = await this.#originSpoken(host);
    const client = this.#client(origin, host, 'what is needed');
    const readsAs = 'writer';
    return new RepositoryRemote({ client, origin, repository, mountFrom, readsAs, pause });
  }

  /** The trust server of a repository. Its login is that of the registry, as in docker. */
  trust(gun: Gun, { forWriting }: { readonly forWriting: boolean }): TrustServerRemote {
    const host = hostOfGun(gun);
    const own = host === 'docker.io' ? hubTrustServer : `https://${host}`;
    const server = this.#options.trustServer ?? own;
    const origin = originOf(server);
    const base = `${origin}${new URL(server).pathname.replace(/\/+$/, '')}`;
    return new TrustServerRemote({ base, gun, forWriting, client: this.#client(origin, host) });
  }

  get #follows(): typeof leadsOutside | undefined {
    return this.#options.redirects === 'outside' ? leadsOutside : undefined;
  }

  [Symbol.dispose](): void {
    this.#http[Symbol.dispose]();
  }

  /** As {@link secureOrPlain}: what answers TLS in another protocol is asked without it. */
  async #originSpoken(host: string): Promise<string> {
    const secure = registryOrigin(host, 'https');
    if (!isLoopback(new URL(secure).hostname)) return secure;
    try {
      await this.#http.send({ method: 'GET', url: new URL('/v2/', secure) }, pingLimitBytes);
      return secure;
    } catch (error) {
      if (speaksNoTls(error)) return registryOrigin(host, 'http');
      throw error;
    }
  }

  #client(
    origin: string,
    host: string,
    asksFor: AuthorizedClientOptions['asksFor'] = 'what is named',
  ): AuthorizedClient {
    const key = `${origin} ${host} ${asksFor}`;
    const known = this.#clients.get(key);
    if (known) return known;
    const { credentials, clock } = this.#options;
    const about = { origin, host, credentials, clock, asksFor, follows: this.#follows };
    const client = new AuthorizedClient({ http: this.#http, ...about });
    this.#clients.set(key, client);
    return client;
  }
}

function registryOrigin(host: string, scheme: 'https' | 'http'): string {
  return host === 'docker.io' ? hubRegistry : originOf(`${scheme}://${host}`);
}

/** A second, then two, four, eight; longer where a server asks for it. */
async function pause(attempt: number, leastMs: number): Promise<void> {
  await sleep(Math.max(500 * 2 ** Math.min(attempt, 4), leastMs));
}

/** Checked here once, so that requests and the origin they are compared with are one spelling. */
function originOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isSafe =
    url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname));
  if (url && isSafe && url.username === '') return url.origin;
  throw remoteError('REMOTE_PLAIN_HTTP', { url: text.slice(0, 200) });
}
