import { isStoreError } from '../../base/index.ts';
import { failureOf, reasonOf, userAgent } from './connection-failure.ts';
import { remoteError } from './errors.ts';
import {
  type HttpRequest,
  type HttpsClientOptions,
  isVerified,
  type OpenAnswer,
  printable,
  type TlsOptions,
  tlsOf,
} from './http-request.ts';

/** What Bun's `fetch` takes beside the standard's. @see bun.sh/docs/runtime/networking/fetch */
interface BunRequest extends RequestInit {
  readonly tls: TlsOptions & { readonly rejectUnauthorized: boolean };
  readonly unix?: string;
  readonly decompress: boolean;
}

/**
 * Requests by Bun's `fetch`, which is compiled code and takes a tenth of the time of its `node:https`
 * for the first request. It keeps connections itself. What must be told to a server in pieces goes
 * by Node's HTTP.
 */
export class BunFetch implements Disposable {
  readonly #options: HttpsClientOptions;
  /** Breaks off what a server has not answered to the end. */
  readonly #pending = new Set<() => void>();

  constructor(options: HttpsClientOptions) {
    this.#options = options;
  }

  async open({ method, url, headers, body }: HttpRequest): Promise<OpenAnswer> {
    const { socketPath, silenceMs = 30_000 } = this.#options;
    const aborter = new AbortController();
    const silence = new Silence(
      silenceMs,
      () => aborter.abort(),
      () => this.#pending.delete(discard),
    );
    const discard = () => {
      silence.end();
      aborter.abort();
    };
    this.#pending.add(discard);
    const request: BunRequest = {
      method,
      headers: { 'user-agent': userAgent, 'accept-encoding': 'identity', ...headers },
      ...(body instanceof Uint8Array ? { body: new Uint8Array(body) } : {}),
      redirect: 'manual',
      signal: aborter.signal,
      tls: { ...tlsOf(this.#options), rejectUnauthorized: isVerified(url, this.#options) },
      ...(socketPath && { unix: socketPath }),
      decompress: false,
    };
    try {
      const response = await fetch(url, request);
      silence.heard();
      return {
        status: response.status,
        headers: new Map(response.headers),
        body: bodyOf(response, method, url, silence),
        discard,
      };
    } catch (cause) {
      silence.end();
      const detail = { origin: url.origin, timeoutMs: silenceMs };
      throw silence.isOver ? remoteError('REMOTE_TIMEOUT', detail) : failureOf(url, cause);
    }
  }

  [Symbol.dispose](): void {
    for (const discard of this.#pending) discard();
  }
}

async function* bodyOf(
  response: Response,
  method: string,
  url: URL,
  silence: Silence,
): AsyncGenerator<Uint8Array> {
  const truncated = (reason: string, cause?: unknown) =>
    remoteError('REMOTE_TRUNCATED', { url: printable(url), reason }, cause);
  const announced = response.headers.get('content-length');
  let sizeBytes = 0;
  try {
    for await (const part of response.body ?? []) {
      silence.heard();
      sizeBytes += part.length;
      yield part;
    }
  } catch (cause) {
    if (isStoreError(cause)) throw cause;
    throw truncated(reasonOf(cause), cause);
  } finally {
    silence.end();
  }
  const isWhole = method === 'HEAD' || announced === null || Number(announced) === sizeBytes;
  if (!isWhole) throw truncated('ECONNRESET');
}

/** Calls when nothing was heard for so long; and once nobody listens any more. */
class Silence {
  readonly #ms: number;
  readonly #call: () => void;
  readonly #ended: () => void;
  #timer: ReturnType<typeof setTimeout>;
  isOver = false;

  constructor(ms: number, call: () => void, ended: () => void) {
    this.#ms = ms;
    this.#ended = ended;
    this.#call = () => {
      this.isOver = true;
      call();
    };
    this.#timer = setTimeout(this.#call, ms);
  }

  heard(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#call, this.#ms);
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#ended();
  }
}
