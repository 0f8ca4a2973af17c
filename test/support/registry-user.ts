import { createHash } from 'node:crypto';
import * as http from 'node:http';
import * as https from 'node:https';
import type { Readable } from 'node:stream';
import { type WireAnswer, type WireOptions, wireRequest } from './wire-request.ts';

/** A name and its password. */
export interface Login {
  readonly name: string;
  readonly password: string;
}

/** A descriptor, as manifests hold them. */
export interface Pushed {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/**
 * Somebody at a registry, over plain HTTP: what a client library does, without the library. A 401
 * sends it to the token endpoint that the challenge names, with the scope it names, once.
 */
export class RegistryUser implements Disposable {
  readonly #origin: string;
  readonly #login: Login | undefined;
  readonly #agent: http.Agent;

  /** @param origin  `https://127.0.0.1:PORT`, or http; without a login, an anonymous reader */
  constructor(origin: string, login?: Login) {
    this.#origin = origin;
    this.#login = login;
    const { Agent } = origin.startsWith('https:') ? https : http;
    this.#agent = new Agent({ keepAlive: true });
  }

  /** @param path  starts with `/`; a stream as the body is sent once and needs a
   *             `token`, which may be empty where nobody is asked who they are */
  async request(
    method: string,
    path: string,
    options: Omit<WireOptions, 'method'> & { token?: string } = {},
  ): Promise<WireAnswer> {
    const { token, headers, ...rest } = options;
    const send = (bearer: string | undefined) =>
      wireRequest(`${this.#origin}${path}`, {
        ...{ method, agent: this.#agent, ...rest },
        headers: { ...headers, ...(bearer ? { authorization: `Bearer ${bearer}` } : {}) },
      });
    const first = await send(token);
    if (token !== undefined || first.status !== 401) return first;
    const scope = /scope="([^"]*)"/.exec(first.headers['www-authenticate'] ?? '')?.[1];
    if (scope === undefined) return first;
    return await send(await this.token(scope));
  }

  /** A token for these scopes, separated by blanks; it may grant less than was asked. */
  async token(scope: string): Promise<string> {
    const ping = await wireRequest(`${this.#origin}/v2/`, { agent: this.#agent });
    const challenge = ping.headers['www-authenticate'] ?? '';
    const [, realm] = /realm="([^"]*)"/.exec(challenge) ?? [];
    const [, service] = /service="([^"]*)"/.exec(challenge) ?? [];
    if (!realm) throw new Error(`no token challenge from ${this.#origin}: ${challenge}`);
    const query = new URLSearchParams([
      ['service', service ?? ''],
      ...scope.split(' ').map((one): [string, string] => ['scope', one]),
    ]);
    const answer = await wireRequest(`${realm}?${query}`, {
      agent: this.#agent,
      headers: this.#login === undefined ? {} : { authorization: basic(this.#login) },
    });
    if (answer.status !== 200) throw new Error(`no token: ${answer.status} ${answer.body}`);
    return (JSON.parse(answer.body.toString()) as { token: string }).token;
  }

  /** Uploads a blob in one piece. */
  async pushBlob(repository: string, bytes: Uint8Array, mediaType: string): Promise<Pushed> {
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    const opened = await this.request('POST', `/v2/${repository}/blobs/uploads/`);
    await this.finishUpload(repository, opened, digest, bytes);
    return { mediaType, digest, size: bytes.length };
  }

  /** The PUT that ends an upload. */
  async finishUpload(
    repository: string,
    opened: WireAnswer,
    digest: string,
    body: Uint8Array | Readable,
    headers: Record<string, string> = {},
  ): Promise<void> {
    expect(opened, 202);
    const { pathname, search } = new URL(opened.headers.location ?? '', this.#origin);
    const url = `${pathname}${search}${search ? '&' : '?'}digest=${digest}`;
    // Where anybody may push, nobody is asked who they are.
    const token = this.#login ? await this.token(`repository:${repository}:pull,push`) : '';
    expect(await this.request('PUT', url, { token, body, headers }), 201);
  }

  /** Uploads a manifest under a tag, or a digest. */
  async pushManifest(
    repository: string,
    reference: string,
    manifest: Readonly<Record<string, unknown>> & { readonly mediaType: string },
  ): Promise<Pushed> {
    const bytes = Buffer.from(JSON.stringify(manifest));
    const answer = await this.request('PUT', `/v2/${repository}/manifests/${reference}`, {
      headers: { 'content-type': manifest.mediaType },
      body: bytes,
    });
    expect(answer, 201);
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    return { mediaType: manifest.mediaType, digest, size: bytes.length };
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

function expect(answer: WireAnswer, status: number): void {
  if (answer.status === status) return;
  throw new Error(`expected ${status}, the answer was ${answer.status} ${answer.body}`);
}

function basic({ name, password }: Login): string {
  return `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
}
