import { collectBytes } from '../../base/index.ts';
import type { BunFetch } from './bun-fetch.ts';
import { remoteError } from './errors.ts';
import {
  type Answer,
  type HttpRequest,
  type HttpsClientOptions,
  type OpenAnswer,
  printable,
} from './http-request.ts';
import { isLoopback } from './loopback.ts';
import type { NodeRequests } from './node-requests.ts';

/** Of a whole answer that is collected, however steadily it trickles. */
const wholeAnswerMs = 120_000;
const isBun = 'bun' in process.versions;
/** Node 24.21 must have loaded its TLS before a certificate is taken apart, else it has none after. */
const nodeRequests = isBun ? undefined : await import('./node-requests.ts');
const bunFetch = isBun ? await import('./bun-fetch.ts') : undefined;

/**
 * HTTPS with connections kept alive, limits and timeouts on all that a server can send. It follows
 * no redirect and knows no login: others decide that. Plain HTTP is spoken with this machine only.
 *
 * Requests go by Node's HTTP, except the small ones of the one executable and those to a socket, for which
 * its runtime has a faster way.
 */
export class HttpsClient implements Disposable {
  readonly #options: HttpsClientOptions;
  #node: NodeRequests | undefined;
  readonly #bun: BunFetch | undefined;
  #isClosed = false;

  constructor(options: HttpsClientOptions = {}) {
    this.#options = options;
    this.#bun = bunFetch && new bunFetch.BunFetch(options);
  }

  /**
   * Sends a request and collects the answer.
   * @param limitBytes  of the answer's body
   * @throws StoreError REMOTE_UNREACHABLE, REMOTE_CERTIFICATE, REMOTE_TIMEOUT, REMOTE_TOO_LARGE,
   *         REMOTE_TRUNCATED, REMOTE_PLAIN_HTTP. Every status is an answer, not an error
   */
  async send(request: HttpRequest, limitBytes: number): Promise<Answer> {
    const answer = await this.#open(request, this.#isForFetch(request));
    const timer = setTimeout(() => answer.discard(), wholeAnswerMs);
    try {
      const announced = Number(answer.headers.get('content-length') ?? 0);
      const isHead = request.method === 'HEAD';
      const body =
        announced > limitBytes && !isHead ? undefined : await collectBytes(answer.body, limitBytes);
      if (body !== undefined) return { status: answer.status, headers: answer.headers, body };
      answer.discard();
      throw remoteError('REMOTE_TOO_LARGE', { url: printable(request.url), limitBytes });
    } finally {
      clearTimeout(timer);
    }
  }

  /** As {@link send}, with the body as a stream that ends with an error when it is cut short. */
  async open(request: HttpRequest): Promise<OpenAnswer> {
    const isLocal = this.#options.socketPath !== undefined;
    return this.#open(request, isLocal && this.#isForFetch(request));
  }

  /** Breaks off what is not answered to the end. Nothing can be asked any more. */
  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#node?.[Symbol.dispose]();
    this.#bun?.[Symbol.dispose]();
  }

  /** Bun's `fetch` would ask a proxy for this machine too, but not for a socket. */
  #isForFetch({ url, body }: HttpRequest): boolean {
    if (typeof body === 'function') return false;
    if (this.#options.socketPath !== undefined) return true;
    return !isLoopback(url.hostname) || !Object.keys(process.env).some(isProxyVariable);
  }

  async #open(request: HttpRequest, byFetch: boolean): Promise<OpenAnswer> {
    const { url } = request;
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname))) {
      throw remoteError('REMOTE_PLAIN_HTTP', { url: printable(url) });
    }
    this.#requireOpen(url);
    // Without waiting, so that what is computed meanwhile is computed beside it.
    if (byFetch && this.#bun) return this.#bun.open(request);
    const { NodeRequests } = nodeRequests ?? (await import('./node-requests.ts'));
    this.#requireOpen(url);
    this.#node ??= new NodeRequests(this.#options);
    return this.#node.open(request);
  }

  #requireOpen({ origin }: URL): void {
    if (this.#isClosed) throw remoteError('REMOTE_UNREACHABLE', { origin, reason: 'closed' });
  }
}

function isProxyVariable(name: string): boolean {
  return /^https?_proxy$/i.test(name);
}
