import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { collectBytes, isStoreError, type StoreError } from '../../base/index.ts';
import { remoteError } from './errors.ts';
import { isLoopback } from './loopback.ts';

export interface HttpsClientOptions {
  /**
   * PEM certificates that may vouch for a server; then they are the only ones, and loopback
   * addresses are verified too. Without them the system's apply, and loopback is not verified.
   */
  readonly ca?: string | undefined;
  /** How long a server may stay silent: to connect, to answer, between two pieces of a body. */
  readonly silenceMs?: number;
}

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes, or a stream whose length the headers give. A function, so that it can be sent again. */
  readonly body?: Uint8Array | (() => AsyncIterable<Uint8Array>) | undefined;
}

/** An answer whose body is still coming. It must be read to its end, or discarded. */
export interface OpenAnswer {
  readonly status: number;
  /** Lowercase names; several headers of one name joined by a comma. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: AsyncIterable<Uint8Array>;
  /** Closes the connection without reading on. */
  discard(): void;
}

export interface Answer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
}

const userAgent = 'countermark';
const mostConnections = 8;
/** Of a whole answer that is collected, however steadily it trickles. */
const wholeAnswerMs = 120_000;

/**
 * HTTPS with connections kept alive, limits and timeouts on all that a server can send. It follows
 * no redirect and knows no login: others decide that. Plain HTTP is spoken with loopback only.
 */
export class HttpsClient implements Disposable {
  readonly #https: HttpsAgent;
  readonly #http = new HttpAgent({ keepAlive: true, maxSockets: mostConnections });
  readonly #verifiesLoopback: boolean;
  readonly #silenceMs: number;

  constructor(options: HttpsClientOptions = {}) {
    const { ca, silenceMs = 30_000 } = options;
    this.#https = new HttpsAgent({
      keepAlive: true,
      maxSockets: mostConnections,
      ...(ca ? { ca } : {}),
    });
    this.#verifiesLoopback = ca !== undefined;
    this.#silenceMs = silenceMs;
  }

  /**
   * Sends a request and collects the answer.
   * @param limitBytes  of the answer's body
   * @throws StoreError REMOTE_UNREACHABLE, REMOTE_CERTIFICATE, REMOTE_TIMEOUT, REMOTE_TOO_LARGE,
   *         REMOTE_TRUNCATED, REMOTE_PLAIN_HTTP. Every status is an answer, not an error
   */
  async send(request: HttpRequest, limitBytes: number): Promise<Answer> {
    const answer = await this.open(request);
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
    const { url } = request;
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname))) {
      throw remoteError('REMOTE_PLAIN_HTTP', { url: printable(url) });
    }
    const message = await this.#answerOnSomeConnection(request);
    return {
      status: message.statusCode ?? 0,
      headers: headersOf(message),
      body: bodyOf(message, url),
      discard: () => message.destroy(),
    };
  }

  [Symbol.dispose](): void {
    this.#https.destroy();
    this.#http.destroy();
  }

  /** A server that was restarted leaves as many stale connections as were kept. */
  async #answerOnSomeConnection(request: HttpRequest): Promise<IncomingMessage> {
    for (let stale = 0; ; stale++) {
      try {
        return await this.#answerTo(request);
      } catch (error) {
        if (!(error instanceof StaleConnection)) throw error;
        if (stale >= mostConnections) throw failureOf(request.url, error.cause);
      }
    }
  }

  #answerTo({ method, url, headers, body }: HttpRequest): Promise<IncomingMessage> {
    const options = {
      method,
      headers: { 'user-agent': userAgent, ...headers },
      timeout: this.#silenceMs,
    };
    return new Promise((resolve, reject) => {
      const sent =
        url.protocol === 'http:'
          ? httpRequest(url, { ...options, agent: this.#http })
          : httpsRequest(url, {
              ...options,
              agent: this.#https,
              rejectUnauthorized: this.#verifiesLoopback || !isLoopback(url.hostname),
            });
      sent.on('timeout', () => {
        const detail = { origin: url.origin, timeoutMs: this.#silenceMs };
        sent.destroy(remoteError('REMOTE_TIMEOUT', detail));
      });
      sent.on('response', resolve);
      sent.on('error', (error) => {
        // The server closed a kept connection in the moment we chose it: ask again on a new one.
        const isStale = sent.reusedSocket && codeOf(error) === 'ECONNRESET';
        const mayRepeat = method === 'GET' || method === 'HEAD';
        reject(
          isStale && mayRepeat
            ? new StaleConnection('stale', { cause: error })
            : failureOf(url, error),
        );
      });
      if (typeof body !== 'function') sent.end(body);
      // What goes wrong here also ends the request, whose error is the one that counts.
      else pipeline(Readable.from(body(), { objectMode: false }), sent).catch(() => sent.destroy());
    });
  }
}

class StaleConnection extends Error {}

async function* bodyOf(message: IncomingMessage, url: URL): AsyncGenerator<Uint8Array> {
  try {
    yield* message;
  } catch (cause) {
    if (isStoreError(cause)) throw cause;
    throw remoteError('REMOTE_TRUNCATED', { url: printable(url), reason: reasonOf(cause) }, cause);
  }
}

function headersOf(message: IncomingMessage): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(message.headersDistinct).map(([name, values]) => [
      name,
      (values ?? []).join(', '),
    ]),
  );
}

function failureOf(url: URL, cause: unknown): StoreError {
  if (isStoreError(cause)) return cause;
  const code = isCertificateProblem(codeOf(cause)) ? 'REMOTE_CERTIFICATE' : 'REMOTE_UNREACHABLE';
  return remoteError(code, { origin: url.origin, reason: reasonOf(cause) }, cause);
}

function isCertificateProblem(code: string): boolean {
  return /^(CERT_|ERR_TLS_CERT|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH)/.test(code);
}

/** The system's own word for it, such as ECONNREFUSED; never the text, which may hold addresses. */
function reasonOf(cause: unknown): string {
  return codeOf(cause) || (cause instanceof Error ? cause.message : 'unknown reason');
}

function codeOf(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return typeof code === 'string' ? code : '';
}

/** A URL without its query, in which some servers carry secrets. */
export function printable(url: URL): string {
  return `${url.origin}${url.pathname}`.slice(0, 300);
}
