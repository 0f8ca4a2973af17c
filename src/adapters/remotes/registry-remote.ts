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
  parseManifest,
  type Reference,
  type RepositoryName,
} from '../../oci/index.ts';
import type { AuthorizedClient } from './authorized-client.ts';
import { remoteError } from './errors.ts';
import { printable } from './http-request.ts';
import { refusal } from './refusal.ts';
import {
  pushOf,
  type RegistryOptions,
  RegistryRequests,
  refusalLimitBytes,
} from './registry-requests.ts';

/** Bytes to push: in memory, or a stream of known digest and size that can be opened again. */
export type BlobContent =
  | Uint8Array
  | {
      readonly digest: Digest;
      readonly sizeBytes: number;
      readonly open: () => AsyncIterable<Uint8Array>;
    };

const listLimitBytes = 4 * 1024 * 1024;
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
  readonly #requests: RegistryRequests;

  constructor(options: RegistryOptions) {
    this.#client = options.client;
    this.#requests = new RegistryRequests(options);
  }

  async manifest(
    repository: RepositoryName,
    reference: Reference,
  ): Promise<ReceivedManifest | undefined> {
    const url = this.#requests.url(`${repository}/manifests/${reference}`);
    const request = { method: 'GET', url, headers: { accept: accepted } } as const;
    const answer = await this.#requests.collect(request, repository, manifestLimitBytes);
    if (answer.status === 404) return undefined;
    if (answer.status !== 200) throw refusal('GET', url, answer);
    const mediaType = (answer.headers.get('content-type') ?? '').replace(/\s*;.*$/s, '');
    return { bytes: answer.body, mediaType };
  }

  /** What a reference leads to, without its bytes where the registry says so. Believe it when they came. */
  async digestOf(repository: RepositoryName, reference: Reference): Promise<Digest | undefined> {
    const url = this.#requests.url(`${repository}/manifests/${reference}`);
    const request = { method: 'HEAD', url, headers: { accept: accepted } } as const;
    const answer = await this.#requests.collect(request, repository, refusalLimitBytes);
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
    const url = this.#requests.url(`${repository}/tags/list?n=1000`);
    for await (const page of this.#requests.pages(
      url,
      this.#requests.readScope(repository),
      listLimitBytes,
    )) {
      if (page.status === 404) return undefined;
      if (page.status !== 200) throw refusal('GET', url, page);
      tags.push(...tagsIn(page.body, url));
    }
    return tags;
  }

  /**
   * The manifests whose subject this is, over all pages; undefined where the registry keeps no such lists.
   * @see OCI distribution-spec 1.1, "Listing Referrers": 404 where the registry has no such API;
   *      go-containerregistry 0.20, pkg/v1/remote/referrers.go, for what older ones say
   */
  async referrers(
    repository: RepositoryName,
    subject: Digest,
  ): Promise<readonly Digest[] | undefined> {
    const url = this.#requests.url(`${repository}/referrers/${subject}`);
    const scope = this.#requests.readScope(repository);
    const found: Digest[] = [];
    for await (const page of this.#requests.pages(url, scope, manifestLimitBytes)) {
      if ([400, 404, 405, 406, 501].includes(page.status)) return undefined;
      if (page.status !== 200) throw refusal('GET', url, page);
      // Whoever answers everything with a page for people has no such API either.
      const mediaType = page.headers.get('content-type') ?? '';
      if (!mediaType.startsWith(mediaTypes.ociIndex)) return undefined;
      const list = parseManifest(page.body, mediaTypes.ociIndex);
      if (list.kind === 'index') found.push(...list.manifests.map(({ digest }) => digest));
    }
    return found;
  }

  async blobSize(repository: RepositoryName, digest: Digest): Promise<number | undefined> {
    const url = this.#requests.url(`${repository}/blobs/${digest}`);
    const answer = await this.#requests.follow({ method: 'HEAD', url }, repository);
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
    const url = this.#requests.url(`${repository}/blobs/${digest}`);
    const answer = await this.#requests.follow({ method: 'GET', url }, repository);
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
    const known = {
      method: 'HEAD',
      url: this.#requests.url(`${repository}/blobs/${blob.digest}`),
    } as const;
    if ((await this.#client.send(known, scope, refusalLimitBytes)).status === 200) {
      return blob.digest;
    }
    const start = {
      method: 'POST',
      url: this.#requests.url(`${repository}/blobs/uploads/`),
    } as const;
    const opened = await this.#client.send(start, scope, refusalLimitBytes);
    if (opened.status !== 202) throw refusal('POST', start.url, opened);
    const url = this.#requests.uploadUrl(start.url, opened);
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

  /**
   * Uploads a manifest or index under a tag or its digest; all it names must be there.
   * @throws StoreError REMOTE_ANSWER when the registry made another of it, as some did for old clients
   */
  async pushManifest(
    repository: RepositoryName,
    reference: Reference,
    manifest: ReceivedManifest,
  ): Promise<Digest> {
    const url = this.#requests.url(`${repository}/manifests/${reference}`);
    const headers = {
      'content-type': manifest.mediaType,
      'content-length': String(manifest.bytes.length),
    };
    const request = { method: 'PUT', url, headers, body: manifest.bytes } as const;
    const answer = await this.#client.send(request, pushOf(repository), refusalLimitBytes);
    if (answer.status !== 201) throw refusal('PUT', url, answer);
    const stored = answer.headers.get('docker-content-digest') ?? '';
    if (isDigest(stored) && stored !== digestOf(manifest.bytes, algorithmOf(stored))) {
      const reason = `it made ${stored} of the manifest`;
      throw remoteError('REMOTE_ANSWER', { url: printable(url), reason });
    }
    return digestOf(manifest.bytes);
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
