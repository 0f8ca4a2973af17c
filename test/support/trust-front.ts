import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { makeTlsCertificate } from '../../src/adapters/certificates/index.ts';
import type { TrustPlace } from './trust-person.ts';
import { wireRequest } from './wire-request.ts';

/**
 * Stands before a trust server, or in its place: counts connections, writes down what is asked, and
 * can ask for a token first, as a registry does.
 */
export class TrustFront implements TrustPlace, AsyncDisposable {
  /** `GET /v2/...`, in order. */
  readonly requests: string[] = [];
  /** All bodies that were sent. */
  readonly bodies: Buffer[] = [];
  /** What tokens were asked for. */
  readonly scopes: string[] = [];
  connections = 0;
  readonly #behind: string | ReadonlyMap<string, Uint8Array>;
  readonly #wantsToken: boolean;
  readonly #server;

  private constructor(behind: string | ReadonlyMap<string, Uint8Array>, wantsToken: boolean) {
    this.#behind = behind;
    this.#wantsToken = wantsToken;
    const { certificate: cert, privateKey } = makeTlsCertificate({ hosts: [], now: new Date() });
    this.#server = createServer({ cert, key: privateKey.reveal() }, (request, response) => {
      this.#answer(request, response).catch(() => response.destroy());
    });
    this.#server.on('secureConnection', () => {
      this.connections++;
    });
  }

  /** @param behind  the server's URL, or all files that there are, by path */
  static async start(
    behind: string | ReadonlyMap<string, Uint8Array>,
    { wantsToken = false } = {},
  ): Promise<TrustFront> {
    const front = new TrustFront(behind, wantsToken);
    await new Promise<void>((resolve) => {
      front.#server.listen(0, '127.0.0.1', resolve);
    });
    return front;
  }

  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Forgets what it counted. */
  reset(): void {
    this.connections = 0;
    this.requests.length = 0;
    this.scopes.length = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '/';
    if (path.startsWith('/token')) {
      this.scopes.push(...new URL(path, this.url).searchParams.getAll('scope'));
      return void response.end(JSON.stringify({ token: 'a.b.c' }));
    }
    this.requests.push(`${request.method} ${path}`);
    if (this.#wantsToken && request.headers.authorization !== 'Bearer a.b.c') {
      const challenge = `Bearer realm="${this.url}/token",service="front"`;
      return void response.writeHead(401, { 'www-authenticate': challenge }).end('{}');
    }
    if (typeof this.#behind !== 'string') {
      const file = this.#behind.get(decodeURIComponent(path));
      return void response.writeHead(file ? 200 : 404).end(file);
    }
    const body: Buffer[] = [];
    for await (const part of request) body.push(part);
    this.bodies.push(...body);
    const type = request.headers['content-type'];
    const answer = await wireRequest(`${this.#behind}${path}`, {
      method: request.method ?? 'GET',
      headers: type === undefined ? {} : { 'content-type': type },
      ...(body.length === 0 ? {} : { body: Buffer.concat(body) }),
    });
    response.writeHead(answer.status).end(answer.body);
  }
}
