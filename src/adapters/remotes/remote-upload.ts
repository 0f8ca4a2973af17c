import { type Digest, isStoreError } from '../../base/index.ts';
import type { BlobUpload } from '../../copy/index.ts';
import type { AuthorizedClient, Scope } from './authorized-client.ts';
import { remoteError } from './errors.ts';
import { type Answer, type HttpRequest, printable } from './http-request.ts';
import { isPassing, type Pause, persistently } from './persistence.ts';
import { refusal } from './refusal.ts';
import { type RegistryRequests, refusalLimitBytes } from './registry-requests.ts';

export interface RemoteUploadOptions {
  readonly client: AuthorizedClient;
  readonly requests: RegistryRequests;
  readonly scope: Scope;
  readonly digest: Digest;
  /** Where it was begun, and what was answered. */
  readonly start: URL;
  readonly opened: Answer;
  /** Whether the registry has the blob now. */
  readonly isThere: () => Promise<boolean>;
  readonly pause: Pause;
}

const pieceBytes = 8 * 1024 * 1024;

/**
 * A blob that is sent in pieces. Where a connection breaks, the registry is asked how much it has, and
 * gets the rest of the piece.
 * @see OCI distribution-spec 1.1, "Pushing a blob in chunks"
 */
export class RemoteUpload implements BlobUpload {
  readonly pieceBytes: number;
  readonly #options: RemoteUploadOptions;
  #url: URL;
  /** How many bytes the registry has. */
  #at = 0;

  constructor(options: RemoteUploadOptions) {
    const { requests, start, opened } = options;
    this.#options = options;
    this.#url = requests.uploadUrl(start, opened);
    const least = Number(opened.headers.get('oci-chunk-min-length') ?? 0);
    this.pieceBytes = least > pieceBytes && least <= 8 * pieceBytes ? least : pieceBytes;
  }

  async append(piece: Uint8Array): Promise<void> {
    const from = this.#at;
    await this.#again(async (attempt) => {
      if (attempt > 1) await this.#askWhere();
      const rest = this.#lackingOf(piece, from);
      if (rest.length === 0) return;
      const url = this.#url;
      const answer = await this.#send({ method: 'PATCH', url, ...this.#contentOf(rest) });
      if (answer.status !== 202) throw refusal('PATCH', url, answer);
      this.#goOn(answer, this.#at + rest.length);
      if (this.#at !== from + piece.length) throw this.#outOfStep();
    });
  }

  async finish(piece: Uint8Array): Promise<void> {
    const { digest, isThere } = this.#options;
    const from = this.#at;
    await this.#again(async (attempt) => {
      if (attempt > 1) {
        // The answer may have been all that was lost.
        if (await isThere()) return;
        await this.#askWhere();
      }
      const url = new URL(this.#url);
      url.searchParams.set('digest', digest);
      const content = this.#contentOf(this.#lackingOf(piece, from));
      const answer = await this.#send({ method: 'PUT', url, ...content });
      if (answer.status !== 201) throw refusal('PUT', url, answer);
    });
  }

  async cancel(): Promise<void> {
    await this.#send({ method: 'DELETE', url: this.#url });
  }

  /** How much the registry has, after a connection broke. */
  async #askWhere(): Promise<void> {
    const url = this.#url;
    const answer = await this.#send({ method: 'GET', url });
    if (answer.status !== 204 && answer.status !== 202) throw refusal('GET', url, answer);
    this.#goOn(answer, 0);
  }

  /** @param otherwise  how much it has where it does not say */
  #goOn(answer: Answer, otherwise: number): void {
    const { requests } = this.#options;
    this.#url = requests.uploadUrl(this.#url, answer);
    const last = /^(?:bytes=)?0-(\d{1,15})$/.exec(answer.headers.get('range') ?? '')?.[1];
    // Nothing is `0-0` too; no piece but the last is a single byte.
    this.#at = last === undefined ? otherwise : last === '0' ? 0 : Number(last) + 1;
  }

  #lackingOf(piece: Uint8Array, from: number): Uint8Array {
    const has = this.#at - from;
    if (has < 0 || has > piece.length) throw this.#outOfStep();
    return piece.subarray(has);
  }

  #contentOf(bytes: Uint8Array): Pick<HttpRequest, 'headers' | 'body'> {
    const range = `${this.#at}-${this.#at + bytes.length - 1}`;
    return {
      body: bytes,
      headers: {
        'content-type': 'application/octet-stream',
        'content-length': String(bytes.length),
        ...(bytes.length > 0 && { 'content-range': range }),
      },
    };
  }

  #again(work: (attempt: number) => Promise<void>): Promise<void> {
    return persistently(work, this.#options.pause, isUploadPassing);
  }

  #send(request: HttpRequest): Promise<Answer> {
    const { client, scope } = this.#options;
    return client.send(request, scope, refusalLimitBytes);
  }

  #outOfStep() {
    const reason = `it has ${this.#at} bytes of the upload, which are not those that were sent`;
    return remoteError('REMOTE_ANSWER', { url: printable(this.#url), reason });
  }
}

/** A registry may still be writing what came before the connection broke: 409 then, or 416. */
function isUploadPassing(error: unknown): boolean {
  const isBusy = isStoreError(error) && [409, 416].includes(Number(error.detail.status));
  return isBusy || isPassing(error);
}
