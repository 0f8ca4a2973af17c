import type { IncomingMessage } from 'node:http';
import type { Agent } from 'node:https';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isStoreError } from '../../base/index.ts';
import { codeOf, failureOf, reasonOf, userAgent } from './connection-failure.ts';
import { remoteError } from './errors.ts';
import {
  type HttpRequest,
  type HttpsClientOptions,
  isVerified,
  type OpenAnswer,
  printable,
  tlsOf,
} from './http-request.ts';
import { isLoopback } from './loopback.ts';

/** Not by `import`, which reads all that a module exports: here a client of WebSockets, with its memory and time. */
const http = process.getBuiltinModule('node:http');
const https = process.getBuiltinModule('node:https');

const mostConnections = 8;

/** Requests by Node's HTTP. */
export class NodeRequests implements Disposable {
  readonly #https: Agent;
  /** By a proxy, where the variables name one. */
  readonly #proxied: Agent;
  readonly #http = new http.Agent({ keepAlive: true, maxSockets: mostConnections });
  readonly #options: HttpsClientOptions;
  readonly #silenceMs: number;

  constructor(options: HttpsClientOptions) {
    const { proxyEnv, silenceMs = 30_000 } = options;
    const kept = { keepAlive: true, maxSockets: mostConnections, ...tlsOf(options) };
    this.#https = new https.Agent(kept);
    this.#proxied = proxyEnv
      ? new https.Agent({ ...kept, proxyEnv: { ...proxyEnv } })
      : this.#https;
    this.#options = options;
    this.#silenceMs = silenceMs;
  }

  async open(request: HttpRequest): Promise<OpenAnswer> {
    const message = await this.#answerOnSomeConnection(request);
    return {
      status: message.statusCode ?? 0,
      headers: headersOf(message),
      body: bodyOf(message, request.url),
      discard: () => message.destroy(),
    };
  }

  [Symbol.dispose](): void {
    this.#https.destroy();
    this.#proxied.destroy();
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
      socketPath: this.#options.socketPath,
    };
    return new Promise((resolve, reject) => {
      const sent =
        url.protocol === 'http:'
          ? http.request(url, { ...options, agent: this.#http })
          : https.request(url, {
              ...options,
              agent: isLoopback(url.hostname) ? this.#https : this.#proxied,
              rejectUnauthorized: isVerified(url, this.#options),
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
