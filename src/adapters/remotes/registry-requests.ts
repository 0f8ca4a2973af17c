import type { RepositoryName } from '../../oci/index.ts';
import type { AuthorizedClient, Scope } from './authorized-client.ts';
import { remoteError } from './errors.ts';
import { type Answer, type HttpRequest, type OpenAnswer, printable } from './http-request.ts';

export interface RegistryOptions {
  readonly client: AuthorizedClient;
  /** Such as `https://localhost:5443`. */
  readonly origin: string;
  /**
   * With which right things are read. Who may push sees what is not signed yet, where readers do not,
   * but only by asking for that. Readers unless told.
   */
  readonly readsAs?: 'reader' | 'writer' | undefined;
  /** Whether a redirect is followed; every one, unless told. */
  readonly follows?: ((from: URL, to: URL) => boolean) | undefined;
}

/** Of an answer that is read for its reason only. */
export const refusalLimitBytes = 64 * 1024;
const redirectLimit = 5;
const mostPages = 200;

/** What all requests to one registry have in common: where they go, and where they may be sent on to. */
export class RegistryRequests {
  readonly #client: AuthorizedClient;
  readonly #origin: string;
  readonly #readsAs: 'reader' | 'writer';
  readonly #follows: (from: URL, to: URL) => boolean;

  constructor({ client, origin, readsAs = 'reader', follows = () => true }: RegistryOptions) {
    this.#client = client;
    this.#origin = origin;
    this.#readsAs = readsAs;
    this.#follows = follows;
  }

  /** @param path  below `/v2/` */
  url(path: string): URL {
    return new URL(`${this.#origin}/v2/${path}`);
  }

  readScope(repository: RepositoryName): Scope {
    return this.#readsAs === 'writer' ? pushOf(repository) : pullOf(repository);
  }

  /** Registries send who asks for a blob elsewhere; the token stays behind (see the client). */
  async follow(request: HttpRequest, repository: RepositoryName): Promise<OpenAnswer> {
    const scope = this.readScope(repository);
    const { answer } = await this.#followed(request, (next) => this.#client.open(next, scope));
    return answer;
  }

  /** As {@link follow}, with the body collected: some send who asks for a manifest elsewhere, too. */
  async collect(
    request: HttpRequest,
    repository: RepositoryName,
    limitBytes: number,
  ): Promise<Answer> {
    const scope = this.readScope(repository);
    const send = (next: HttpRequest) => this.#client.send(next, scope, limitBytes);
    const { answer } = await this.#followed(request, send);
    return answer;
  }

  /** @returns the first answer that sends nobody on, and who gave it */
  async #followed<T extends Answer | OpenAnswer>(
    request: HttpRequest,
    transmit: (request: HttpRequest) => Promise<T>,
  ): Promise<{ readonly answer: T; readonly url: URL }> {
    let { url } = request;
    for (let hops = 0; hops <= redirectLimit; hops++) {
      const answer = await transmit({ ...request, url });
      if (![301, 302, 303, 307, 308].includes(answer.status)) return { answer, url };
      if ('discard' in answer) answer.discard();
      const to = answer.headers.get('location') ?? '';
      if (!URL.canParse(to, url.href)) {
        throw remoteError('REMOTE_REDIRECT', { url: printable(url), reason: 'to nowhere' });
      }
      const next = new URL(to, url);
      if (!this.#follows(request.url, next)) {
        const reason = `to ${printable(next)}, where it may not lead`;
        throw remoteError('REMOTE_REDIRECT', { url: printable(request.url), reason });
      }
      url = next;
    }
    throw remoteError('REMOTE_REDIRECT', { url: printable(request.url), reason: 'in circles' });
  }

  /** Where an upload continues. Another origin would be given bytes that are not its own. */
  uploadUrl(start: URL, opened: Answer): URL {
    const location = opened.headers.get('location') ?? '';
    const url = URL.canParse(location, start.href) ? new URL(location, start) : undefined;
    if (url?.origin === start.origin && location !== '') return url;
    const reason = 'the upload continues nowhere, or on another host';
    throw remoteError('REMOTE_ANSWER', { url: printable(start), reason });
  }

  /**
   * A list that is given in pages, whatever their status.
   * @param limitBytes  of each
   * @throws StoreError REMOTE_ANSWER for a list without end
   */
  async *pages(first: URL, scope: Scope, limitBytes: number): AsyncGenerator<Answer> {
    let url: URL | undefined = first;
    for (let page = 0; url !== undefined; page++) {
      if (page === mostPages) {
        throw remoteError('REMOTE_ANSWER', { url: printable(first), reason: 'too many pages' });
      }
      const send = (next: HttpRequest) => this.#client.send(next, scope, limitBytes);
      const found: { answer: Answer; url: URL } = await this.#followed(
        { method: 'GET', url },
        send,
      );
      yield found.answer;
      url = nextPage(found.url, found.answer.headers.get('link'));
    }
  }
}

/** @see OCI distribution-spec 1.1, "Listing Tags"; only to another page of the same list */
function nextPage(url: URL, link: string | null | undefined): URL | undefined {
  const [, to = ''] = /^\s*<([^>]*)>\s*;\s*rel="?next"?/i.exec(link ?? '') ?? [];
  const next = to !== '' && URL.canParse(to, url.href) ? new URL(to, url) : undefined;
  return next?.origin === url.origin && next.pathname === url.pathname ? next : undefined;
}

export function pullOf(repository: RepositoryName): Scope {
  return `repository:${repository}:pull`;
}

export function pushOf(repository: RepositoryName): Scope {
  return `repository:${repository}:pull,push`;
}
