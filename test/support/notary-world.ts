import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import fastify from 'fastify';
import type { StoreError } from '../../src/base/index.ts';
import type { Action, CatalogGate } from '../../src/http/auth/index.ts';
import { type Answered, createNotaryApi } from '../../src/http/notary-api/index.ts';
import { serveV2 } from '../../src/http/v2.ts';
import type { RoleName } from '../../src/tuf/index.ts';
import { partsOf, SimulatedPublisher } from './simulated-publisher.ts';
import { emptyServer, gun, now } from './trust-world.ts';

/** What was answered, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Uint8Array;
  readonly text: string;
}

/** Path of all metadata of the test's GUN. */
export const base = `/v2/${gun}/_trust/tuf/`;

/**
 * The trust server's API on a port of 127.0.0.1 with one repository, published once, at
 * `trust-world`'s time. The gate lets everybody in until a test says otherwise.
 */
export class NotaryWorld implements AsyncDisposable {
  readonly #server = emptyServer();
  readonly trust = this.#server.server;
  readonly store = this.#server.store;
  readonly publisher = new SimulatedPublisher(this.trust, gun, now);
  /** What the gate was asked for, in order: `<gun>:<actions>`, `token` or `catalog`. */
  readonly asked: string[] = [];
  /** What the gate throws. */
  refusal: Error | StoreError | undefined;
  /** Who everybody is; nobody by default. */
  principalName: string | undefined;
  clock = now;
  /** What the meter was told. */
  readonly counted: Answered[] = [];
  /** As `--gun-prefix`; a test may fill it. */
  readonly gunPrefixes: string[] = [];
  readonly #app = fastify();

  static async start(): Promise<NotaryWorld> {
    const world = new NotaryWorld();
    const api = createNotaryApi({
      trust: world.trust,
      gate: world.#gate(),
      clock: () => world.clock,
      gunPrefixes: world.gunPrefixes,
      meter: (answered) => void world.counted.push(answered),
    });
    serveV2(world.#app, [api], async (_request, reply) => reply.code(418).send('not ours'));
    await world.#app.listen({ host: '127.0.0.1', port: 0 });
    const answer = await world.upload(partsOf(await world.publisher.initialise(now)));
    assert.equal(answer.status, 200, answer.text);
    return world;
  }

  get port(): number {
    return (this.#app.server.address() as AddressInfo).port;
  }

  async send(
    method: string,
    path: string,
    options: RequestInit & { duplex?: 'half' } = {},
  ): Promise<Answer> {
    const answer = await fetch(`http://127.0.0.1:${this.port}${path}`, { method, ...options });
    const bytes = new Uint8Array(await answer.arrayBuffer());
    return { status: answer.status, headers: answer.headers, bytes, text: textOf(bytes) };
  }

  get(path: string): Promise<Answer> {
    return this.send('GET', path);
  }

  /** Sends files as one form, each with its role as the filename. */
  upload(parts: Iterable<readonly [RoleName | string, Uint8Array]>, to = base): Promise<Answer> {
    const form = new FormData();
    for (const [role, bytes] of parts) form.append('files', new Blob([Buffer.from(bytes)]), role);
    return this.send('POST', to, { body: form });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#app.close();
  }

  #gate(): CatalogGate {
    const admit = async (what: string) => {
      this.asked.push(what);
      if (this.refusal) throw this.refusal;
      return { name: this.principalName, role: 'producer', namespaces: [] } as const;
    };
    return {
      require: (_request, name: string, actions: readonly Action[]) =>
        admit(`${name}:${actions.join()}`),
      requireToken: () => admit('token'),
      requireCatalog: () => admit('catalog'),
    };
  }
}

/** Asserts that this is an error body as the protocol has it. @returns its one error */
export function refused(answer: Answer, status: number, code: string) {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.headers.get('content-type'), 'application/json; charset=utf-8');
  assert.equal(answer.headers.get('cache-control'), null);
  assert.ok(answer.text.endsWith('}\n'));
  assert.ok(answer.bytes.length < 1024);
  const { errors } = JSON.parse(answer.text);
  assert.equal(errors.length, 1);
  assert.equal(errors[0].code, code);
  return errors[0];
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}
