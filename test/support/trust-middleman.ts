import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { parseGun, type Targets, withTarget } from '../../src/tuf/index.ts';
import type { ReferencePair } from './peers-reference.ts';
import { partsOf, SimulatedPublisher } from './simulated-publisher.ts';
import { emptyServer } from './trust-world.ts';
import { wireRequest } from './wire-request.ts';

/**
 * Somebody between clients and a trust server, with a certificate that they accept: it hands on
 * what it is asked, or changes a byte of every file that is asked for by hash.
 */
export class TrustMiddleman implements AsyncDisposable {
  changesFiles = false;
  readonly #own = new Map<string, ReadonlyMap<string, Uint8Array>>();
  readonly #upstream: string;
  readonly #server;

  private constructor({ trustServer, certificateFile }: ReferencePair) {
    this.#upstream = trustServer;
    const cert = readFileSync(certificateFile);
    const key = readFileSync(join(dirname(certificateFile), 'key.pem'));
    this.#server = createServer({ cert, key }, (request, response) => {
      this.#answer(request, response).catch(() => response.destroy());
    });
  }

  static async start(pair: ReferencePair): Promise<TrustMiddleman> {
    const middleman = new TrustMiddleman(pair);
    await new Promise<void>((resolve) => {
      middleman.#server.listen(0, '127.0.0.1', resolve);
    });
    return middleman;
  }

  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** From now on answers for this repository itself: with one tag, and a timestamp of `at`. */
  async serveOld(gun: string, name: string, digest: string, at: Date): Promise<void> {
    const { server } = emptyServer();
    const publisher = new SimulatedPublisher(server, parseGun(gun), at);
    await server.accept(publisher.gun, partsOf(await publisher.initialise(at)), at);
    const hashes = new Map([['sha256', Buffer.from(digest.replace('sha256:', ''), 'hex')]]);
    const edit = (targets: Targets) => withTarget(targets, name, { sizeBytes: 528, hashes });
    const update = await publisher.update({ targets: new Map([['targets', edit]]) }, at);
    await server.accept(publisher.gun, partsOf(update), at);
    const files = new Map<string, Uint8Array>();
    for (const role of ['root', 'timestamp', 'snapshot', 'targets'] as const) {
      const file = await server.current(publisher.gun, role, at);
      if (file) files.set(role, file.bytes);
    }
    this.#own.set(gun, files);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '/';
    const [, gun = '', role = ''] = /^\/v2\/(.+)\/_trust\/tuf\/(\w+)[^/]*\.json$/.exec(path) ?? [];
    const own = this.#own.get(gun)?.get(role);
    if (own) return void response.end(own);
    const body: Buffer[] = [];
    for await (const part of request) body.push(part);
    const type = request.headers['content-type'];
    const answer = await wireRequest(`${this.#upstream}${path}`, {
      method: request.method ?? 'GET',
      headers: type === undefined ? {} : { 'content-type': type },
      ...(body.length === 0 ? {} : { body: Buffer.concat(body) }),
    });
    const bytes = Buffer.from(answer.body);
    if (this.changesFiles && /\.[0-9a-f]{64}\.json$/.test(path)) {
      bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1);
    }
    response.writeHead(answer.status, { 'content-length': bytes.length }).end(bytes);
  }
}
