import { createHash } from 'node:crypto';
import {
  algorithmOf,
  arrayOf,
  type Digest,
  digestOf,
  digestOfHash,
  entriesOf,
  isDigest,
  isStoreError,
  parseJson,
  stringOf,
} from '../../base/index.ts';
import type { MeasuredBlob, ReceivedManifest, RegistrySource } from '../../client/index.ts';
import {
  manifestLimitBytes,
  mediaTypes,
  type Reference,
  type RepositoryName,
} from '../../oci/index.ts';
import type { AuthorizedClient } from './authorized-client.ts';
import { parseErrorBody } from './error-body.ts';
import { remoteError } from './errors.ts';
import { type Answer, type HttpRequest, type OpenAnswer, printable } from './http-request.ts';

export interface RegistryOptions {
  readonly client: AuthorizedClient;
  /** Such as `https://localhost:5443`. */
  readonly origin: string;
  /** Whether a redirect is followed; every one, unless told. */
  readonly follows?: ((from: URL, to: URL) => boolean) | undefined;
}

/** Bytes to push: in memory, or a stream of known digest and size that can be opened again. */
export type BlobContent =
  | Uint8Array
  | {
      readonly digest: Digest;
      readonly sizeBytes: number;
      readonly open: () => AsyncIterable<Uint8Array>;
    };

const refusalLimitBytes = 64 * 1024;
const redirectLimit = 5;
const listLimitBytes = 4 * 1024 * 1024;
const mostPages = 200;
const accepted = [
  mediaTypes.ociIndex,
  mediaTypes.dockerList,
  mediaTypes.ociManifest,
  mediaTypes.dockerManifest,
].join(', ');

/**
 * A registry, as a client sees it: what it needs to verify an image, and to push one.
 * @see OCI distribution-spec 1.1, "Pull" and "Push"
 */
export class RegistryRemote implements RegistrySource {
  readonly #client: AuthorizedClient;
  readonly #origin: string;
  readonly #follows: (from: URL, to: URL) => boolean;

  constructor({ client, origin, follows = () => true }: RegistryOptions) {
    this.#client = client;
    this.#origin = origin;
    this.#follows = follows;
  }

  async manifest(
    repository: RepositoryName,
    reference: Reference,
  ): Promise<ReceivedManifest | undefined> {
    const url = this.#url(`${repository}/manifests/${reference}`);
    const request = { method: 'GET', url, headers: { accept: accepted } } as const;
    const answer = await this.#client.send(request, pullOf(repository), manifestLimitBytes);
    if (answer.status === 404) return undefined;
    if (answer.status !== 200) throw refusal('GET', url, answer);
    const mediaType = (answer.headers.get('content-type') ?? '').replace(/\s*;.*$/s, '');
    return { bytes: answer.body, mediaType };
  }

  /** What a reference leads to, without its bytes where the registry says so. Believe it when they came. */
  async digestOf(repository: RepositoryName, reference: Reference): Promise<Digest | undefined> {
    const url = this.#url(`${repository}/manifests/${reference}`);
    const request = { method: 'HEAD', url, headers: { accept: accepted } } as const;
    const answer = await this.#client.send(request, pullOf(repository), refusalLimitBytes);
    if (answer.status === 404) return undefined;
    if (answer.status !== 200) throw refusal('HEAD', url, answer);
    const named = answer.headers.get('docker-content-digest') ?? '';
    if (isDigest(named)) return named;
    const manifest = await this.manifest(repository, reference);
    return manifest && digestOf(manifest.bytes);
  }

  /**
   * All tags, over all pages, as the registry writes them; undefined when there is no such repository.
   * @throws StoreError REMOTE_ANSWER also for a list without end
   */
  async tags(repository: RepositoryName): Promise<readonly string[] | undefined> {
    const tags: string[] = [];
    const first = this.#url(`${repository}/tags/list?n=1000`);
    let url: URL | undefined = first;
    for (let page = 0; url !== undefined; page++) {
      if (page === mostPages) {
        throw remoteError('REMOTE_ANSWER', { url: printable(first), reason: 'too many pages' });
      }
      const request = { method: 'GET', url } as const;
      const answer: Answer = await this.#client.send(request, pullOf(repository), listLimitBytes);
      if (answer.status === 404) return undefined;
      if (answer.status !== 200) throw refusal('GET', url, answer);
      tags.push(...tagsIn(answer.body, url));
      url = nextPage(url, answer.headers.get('link'));
    }
    return tags;
  }

  async blobSize(repository: RepositoryName, digest: Digest): Promise<number | undefined> {
    const url = this.#url(`${repository}/blobs/${digest}`);
    const answer = await this.#follow({ method: 'HEAD', url }, repository);
    answer.discard();
    if (answer.status === 404) return undefined;
    if (answer.status !== 200) throw refusal('HEAD', url, answer);
    const sizeBytes = Number(answer.headers.get('content-length') ?? Number.NaN);
    if (Number.isSafeInteger(sizeBytes)) return sizeBytes;
    throw remoteError('REMOTE_ANSWER', { url: printable(url), reason: 'it does not say its size' });
  }

  async measureBlob(
    repository: RepositoryName,
    digest: Digest,
    limitBytes: number,
  ): Promise<MeasuredBlob | undefined> {
    const body = await this.openBlob(repository, digest);
    if (body === undefined) return undefined;
    const algorithm = algorithmOf(digest);
    const hash = createHash(algorithm);
    let sizeBytes = 0;
    for await (const part of body) {
      sizeBytes += part.length;
      // One byte too many is proof enough; the rest could be without end.
      if (sizeBytes > limitBytes) break;
      hash.update(part);
    }
    return { sizeBytes, digest: digestOfHash(hash.digest(), algorithm) };
  }

  /** A blob's bytes as they come, hashed by nobody yet; undefined when the registry has none. */
  async openBlob(
    repository: RepositoryName,
    digest: Digest,
  ): Promise<AsyncIterable<Uint8Array> | undefined> {
    const url = this.#url(`${repository}/blobs/${digest}`);
    const answer = await this.#follow({ method: 'GET', url }, repository);
    if (answer.status === 200) return answer.body;
    answer.discard();
    if (answer.status === 404) return undefined;
    throw refusal('GET', url, answer);
  }

  /**
   * Uploads a blob in one request, unless the repository has it already.
   * @throws StoreError REMOTE_STATUS, REMOTE_ANSWER
   */
  async pushBlob(repository: RepositoryName, content: BlobContent): Promise<Digest> {
    const blob =
      content instanceof Uint8Array
        ? {
            digest: digestOf(content),
            sizeBytes: content.length,
            open: async function* () {
              yield content;
            },
          }
        : content;
    const scope = pushOf(repository);
    const known = { method: 'HEAD', url: this.#url(`${repository}/blobs/${blob.digest}`) } as const;
    if ((await this.#client.send(known, scope, refusalLimitBytes)).status === 200) {
      return blob.digest;
    }
    const start = { method: 'POST', url: this.#url(`${repository}/blobs/uploads/`) } as const;
    const opened = await this.#client.send(start, scope, refusalLimitBytes);
    if (opened.status !== 202) throw refusal('POST', start.url, opened);
    const url = this.#uploadUrl(start.url, opened);
    url.searchParams.set('digest', blob.digest);
    const headers = {
      'content-type': 'application/octet-stream',
      'content-length': String(blob.sizeBytes),
    };
    const put = { method: 'PUT', url, headers, body: blob.open } as const;
    const stored = await this.#client.send(put, scope, refusalLimitBytes);
    if (stored.status !== 201) throw refusal('PUT', url, stored);
    return blob.digest;
  }

  /** Uploads a manifest or index under a tag or its digest; all it names must be there. */
  async pushManifest(
    repository: RepositoryName,
    reference: Reference,
    manifest: ReceivedManifest,
  ): Promise<Digest> {
    const url = this.#url(`${repository}/manifests/${reference}`);
    const headers = {
      'content-type': manifest.mediaType,
      'content-length': String(manifest.bytes.length),
    };
    const request = { method: 'PUT', url, headers, body: manifest.bytes } as const;
    const answer = await this.#client.send(request, pushOf(repository), refusalLimitBytes);
    if (answer.status !== 201) throw refusal('PUT', url, answer);
    return digestOf(manifest.bytes);
  }

  #url(path: string): URL {
    return new URL(`${this.#origin}/v2/${path}`);
  }

  /** Registries send who asks for a blob elsewhere; the token stays behind (see the client). */
  async #follow(request: HttpRequest, repository: RepositoryName): Promise<OpenAnswer> {
    let { url } = request;
    for (let hops = 0; hops <= redirectLimit; hops++) {
      const answer = await this.#client.open({ ...request, url }, pullOf(repository));
      if (![301, 302, 303, 307, 308].includes(answer.status)) return answer;
      answer.discard();
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
  #uploadUrl(start: URL, opened: Answer): URL {
    const location = opened.headers.get('location') ?? '';
    const url = URL.canParse(location, start.href) ? new URL(location, start) : undefined;
    if (url?.origin === start.origin) return url;
    const reason = 'the upload continues on another host';
    throw remoteError('REMOTE_ANSWER', { url: printable(start), reason });
  }
}

/** @throws StoreError REMOTE_ANSWER */
function tagsIn(body: Uint8Array, url: URL): string[] {
  try {
    const tags = entriesOf(parseJson(body), 'answer').get('tags') ?? [];
    return arrayOf(tags, 'tags').map((tag) => stringOf(tag, 'tag'));
  } catch (error) {
    if (!isStoreError(error)) throw error;
    throw remoteError('REMOTE_ANSWER', { url: printable(url), reason: error.message }, error);
  }
}

/** @see OCI distribution-spec 1.1, "Listing Tags"; only to another page of the same list */
function nextPage(url: URL, link: string | null | undefined): URL | undefined {
  const [, to = ''] = /^\s*<([^>]*)>\s*;\s*rel="?next"?/i.exec(link ?? '') ?? [];
  const next = to !== '' && URL.canParse(to, url.href) ? new URL(to, url) : undefined;
  return next?.origin === url.origin && next.pathname === url.pathname ? next : undefined;
}

function pullOf(repository: RepositoryName): string {
  return `repository:${repository}:pull`;
}

function pushOf(repository: RepositoryName): string {
  return `repository:${repository}:pull,push`;
}

function refusal(method: string, url: URL, answer: Answer | OpenAnswer) {
  const body = answer.body instanceof Uint8Array ? answer.body : new Uint8Array();
  return remoteError('REMOTE_STATUS', {
    ...{ method, url: printable(url), status: answer.status },
    explanation: parseErrorBody(body).explanation || '(no reason given)',
  });
}
