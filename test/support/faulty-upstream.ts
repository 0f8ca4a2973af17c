import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { digestOf, utf8 } from '../../src/base/index.ts';
import { mediaTypes } from '../../src/oci/index.ts';

/** Answers a request instead of the registry. */
export type HttpFault = (request: IncomingMessage, response: ServerResponse) => unknown;

/** What {@link FaultyUpstream} asks for before it shows anything: by its token server. */
export const upstreamLogin = { username: 'mirror', password: 'of the store' };

/**
 * A registry over plain HTTP on 127.0.0.1 with one image, `library/app:v1`, and a token server. It writes down what it is
 * asked, and fails as a test says: at manifests, at blobs or at its token server.
 */
export class FaultyUpstream implements AsyncDisposable {
  readonly layer = new Uint8Array(200_000).fill(7);
  readonly layerDigest = digestOf(this.layer);
  readonly manifest = manifestOf(this.layer);
  readonly digest = digestOf(this.manifest);
  /** `GET manifests`, `HEAD manifests`, `GET blobs`, `GET token`: in order. */
  readonly asked: string[] = [];
  readonly faults = new Map<string, HttpFault>();
  readonly #server = createServer((request, response) => this.#answer(request, response));

  static async start(): Promise<FaultyUpstream> {
    const upstream = new FaultyUpstream();
    upstream.#server.listen(0, '127.0.0.1');
    await once(upstream.#server, 'listening');
    return upstream;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(request: IncomingMessage, response: ServerResponse): unknown {
    const { method, url = '/' } = request;
    const [, kind = 'token'] = /\/(manifests|blobs)\//.exec(url) ?? [];
    this.asked.push(`${method} ${kind}`);
    const fault = this.faults.get(kind);
    if (fault) return fault(request, response);
    const { authorization } = request.headers;
    if (kind === 'token') {
      if (authorization !== basicOf(upstreamLogin)) return response.writeHead(401).end();
      return response.end(JSON.stringify({ token: 'of-the-mirror', expires_in: 300 }));
    }
    if (authorization !== 'Bearer of-the-mirror') return this.refuse(response);
    if (/\/manifests\/(?:v1|sha256:)/.test(url)) return this.send(response, this.manifest);
    return this.send(response, url.endsWith(this.layerDigest) ? this.layer : utf8('{}'));
  }

  /** Names its token server. */
  refuse(response: ServerResponse): unknown {
    const challenge = `Bearer realm="${this.origin}/token",service="upstream"`;
    return response.writeHead(401, { 'www-authenticate': challenge }).end();
  }

  send(response: ServerResponse, bytes: Uint8Array): unknown {
    const headers = { 'content-type': mediaTypes.ociManifest, 'content-length': bytes.length };
    return response.writeHead(200, { ...headers, 'docker-content-digest': this.digest }).end(bytes);
  }
}

function manifestOf(layer: Uint8Array): Uint8Array {
  const blob = (mediaType: string, bytes: Uint8Array) => ({
    ...{ mediaType, digest: digestOf(bytes), size: bytes.length },
  });
  return utf8(
    JSON.stringify({
      ...{ schemaVersion: 2, mediaType: mediaTypes.ociManifest },
      config: blob(mediaTypes.ociConfig, utf8('{}')),
      layers: [blob(mediaTypes.ociLayer, layer)],
    }),
  );
}

function basicOf({ username, password }: typeof upstreamLogin): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
