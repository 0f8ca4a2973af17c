import { algorithmOf, type Digest } from '../../base/index.ts';
import type { BlobUpload, CopyDestination, CopySource, SentManifest } from '../../copy/index.ts';
import { parseTag, type Reference, type RepositoryName, type Tag } from '../../oci/index.ts';
import type { AuthorizedClient, Scope } from './authorized-client.ts';
import { remoteError } from './errors.ts';
import { printable } from './http-request.ts';
import { attemptLimit, isPassing, type Pause, persistently } from './persistence.ts';
import { refusal } from './refusal.ts';
import { RegistryRemote } from './registry-remote.ts';
import {
  pullOf,
  pushOf,
  type RegistryOptions,
  RegistryRequests,
  refusalLimitBytes,
} from './registry-requests.ts';
import { RemoteUpload, type RemoteUploadOptions } from './remote-upload.ts';

export interface RepositoryOptions extends RegistryOptions {
  readonly repository: RepositoryName;
  /** Another repository of the same registry, from which blobs may be mounted. */
  readonly mountFrom?: RepositoryName | undefined;
  readonly pause: Pause;
}

/** What must come between two broken connections for the first to be forgotten. */
const progressBytes = 1024 * 1024;

/**
 * One repository of a registry, to copy from or to. What fails for reasons that pass is done again,
 * and a blob goes on where its connection broke.
 * @see OCI distribution-spec 1.1
 */
export class RepositoryRemote implements CopySource, CopyDestination {
  readonly #client: AuthorizedClient;
  readonly #requests: RegistryRequests;
  readonly #registry: RegistryRemote;
  readonly #name: RepositoryName;
  readonly #mountFrom: RepositoryName | undefined;
  readonly #pause: Pause;

  constructor(options: RepositoryOptions) {
    this.#client = options.client;
    this.#requests = new RegistryRequests(options);
    this.#registry = new RegistryRemote(options);
    this.#name = options.repository;
    this.#mountFrom = options.mountFrom;
    this.#pause = options.pause;
  }

  manifest(reference: Reference): Promise<SentManifest | undefined> {
    return this.#persist(() => this.#registry.manifest(this.#name, reference));
  }

  blobSize(digest: Digest): Promise<number | undefined> {
    return this.#persist(() => this.#registry.blobSize(this.#name, digest));
  }

  async putManifest(reference: Reference, manifest: SentManifest): Promise<void> {
    await this.#persist(() => this.#registry.pushManifest(this.#name, reference, manifest));
  }

  digestOf(reference: Reference): Promise<Digest | undefined> {
    return this.#persist(() => this.#registry.digestOf(this.#name, reference));
  }

  /** Every tag, in the registry's order. @throws StoreError OCI_TAG_INVALID */
  async tags(): Promise<readonly Tag[]> {
    const tags = await this.#persist(() => this.#registry.tags(this.#name));
    return (tags ?? []).map(parseTag);
  }

  referrers(subject: Digest): Promise<readonly Digest[] | undefined> {
    return this.#persist(() => this.#registry.referrers(this.#name, subject));
  }

  async listsReferrers(subject: Digest): Promise<boolean> {
    return (await this.referrers(subject)) !== undefined;
  }

  async openBlob(digest: Digest): Promise<AsyncIterable<Uint8Array> | undefined> {
    const first = await this.#persist(() => this.#openFrom(digest, 0));
    return first && this.#continued(digest, first);
  }

  async beginBlob(digest: Digest): Promise<'mounted' | BlobUpload> {
    const from = this.#mountFrom;
    const scope = [pushOf(this.#name), ...(from === undefined ? [] : [pullOf(from)])].join(' ');
    const kind: Record<string, string> =
      algorithmOf(digest) === 'sha256' ? {} : { 'digest-algorithm': algorithmOf(digest) };
    const mount = { ...kind, mount: digest, ...(from !== undefined && { from }) };
    let begun = await this.#begin(scope, mount);
    // A registry that knows no mount without `from` should pass over it; some refuse.
    if ([400, 404, 405].includes(begun.opened.status)) begun = await this.#begin(scope, kind);
    const { start, opened } = begun;
    if (opened.status === 201) return 'mounted';
    if (opened.status !== 202) throw refusal('POST', start, opened);
    const isThere = async () => (await this.blobSize(digest)) !== undefined;
    const by = { client: this.#client, requests: this.#requests, pause: this.#pause };
    return new RemoteUpload({ ...by, scope, digest, start, opened, isThere });
  }

  /** Whatever is answered, but for reasons that pass. */
  async #begin(
    scope: Scope,
    query: Readonly<Record<string, string>>,
  ): Promise<Pick<RemoteUploadOptions, 'start' | 'opened'>> {
    const start = this.#url(`blobs/uploads/?${new URLSearchParams(query)}`);
    const opened = await this.#persist(async () => {
      const request = { method: 'POST', url: start } as const;
      const answer = await this.#client.send(request, scope, refusalLimitBytes);
      const error = refusal('POST', start, answer);
      if (isPassing(error)) throw error;
      return answer;
    });
    return { start, opened };
  }

  /** @returns undefined when the registry has none */
  async #openFrom(digest: Digest, offset: number): Promise<AsyncIterable<Uint8Array> | undefined> {
    const url = this.#url(`blobs/${digest}`);
    const headers = offset === 0 ? {} : { range: `bytes=${offset}-` };
    const answer = await this.#requests.follow({ method: 'GET', url, headers }, this.#name);
    if (answer.status === 200) return without(answer.body, offset);
    const start = /^bytes (\d+)-/.exec(answer.headers.get('content-range') ?? '')?.[1];
    if (answer.status === 206 && Number(start) === offset) return answer.body;
    answer.discard();
    if (answer.status === 404) return undefined;
    throw refusal('GET', url, answer);
  }

  async *#continued(
    digest: Digest,
    first: AsyncIterable<Uint8Array>,
  ): AsyncGenerator<Uint8Array, undefined> {
    let body: AsyncIterable<Uint8Array> | undefined = first;
    let at = 0;
    let brokenAt = 0;
    for (let breaks = 0; body; ) {
      try {
        for await (const part of body) {
          at += part.length;
          yield part;
        }
        return;
      } catch (error) {
        breaks = at - brokenAt < progressBytes ? breaks + 1 : 1;
        brokenAt = at;
        if (!isPassing(error) || breaks >= attemptLimit) throw error;
        await this.#pause(breaks, 0);
        body = await this.#persist(() => this.#openFrom(digest, at));
      }
    }
    const url = printable(this.#url(`blobs/${digest}`));
    throw remoteError('REMOTE_ANSWER', { url, reason: 'the blob is gone' });
  }

  #url(path: string): URL {
    return this.#requests.url(`${this.#name}/${path}`);
  }

  #persist<T>(work: () => Promise<T>): Promise<T> {
    return persistently(work, this.#pause);
  }
}

/** A registry that knows no ranges sends all of it. */
async function* without(
  body: AsyncIterable<Uint8Array>,
  offset: number,
): AsyncGenerator<Uint8Array, undefined> {
  let left = offset;
  for await (const part of body) {
    const dropped = Math.min(left, part.length);
    left -= dropped;
    if (dropped < part.length) yield part.subarray(dropped);
  }
}
