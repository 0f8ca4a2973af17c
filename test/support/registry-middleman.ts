import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What happens to a request on its way. */
export type Fault =
  | { readonly kind: 'status'; readonly status: number }
  /** So many bytes of the body get through, then both connections end. */
  | { readonly kind: 'cut-request'; readonly afterBytes: number }
  /** So many bytes of the answer's body get through. */
  | { readonly kind: 'cut-answer'; readonly afterBytes: number }
  /** The registry does what was asked, and nobody hears of it. */
  | { readonly kind: 'lose-answer' }
  /** The answer's body is another of the same length. */
  | { readonly kind: 'change-answer' };

/** A request that came by: `PATCH /v2/acme/app/blobs/uploads/...`, without what is unlike every time. */
export interface Passed {
  readonly method: string;
  readonly path: string;
  /** Of the body, that the registry was sent. */
  bytes: number;
}

/** Somebody between a client and a registry, over plain HTTP on 127.0.0.1, who keeps a list. */
export class RegistryMiddleman implements AsyncDisposable {
  readonly passed: Passed[] = [];
  /** Asked for each request. */
  fault: (request: IncomingMessage) => Fault | undefined = () => undefined;
  readonly #upstream: URL;
  readonly #server = createServer((request, response) => this.#pass(request, response));

  private constructor(origin: string) {
    this.#upstream = new URL(origin);
  }

  /** @param origin  `http://127.0.0.1:PORT` of the registry */
  static async start(origin: string): Promise<RegistryMiddleman> {
    const middleman = new RegistryMiddleman(origin);
    await new Promise<void>((resolve) => middleman.#server.listen(0, '127.0.0.1', resolve));
    return middleman;
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** How many requests of these methods there were below this path. */
  count(methods: string, path = ''): number {
    return this.passed.filter((each) => methods.includes(each.method) && each.path.includes(path))
      .length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #pass(from: IncomingMessage, to: ServerResponse): void {
    const { method = 'GET', url = '/', headers } = from;
    const passed = { method, path: url, bytes: 0 };
    this.passed.push(passed);
    const fault = this.fault(from);
    if (fault?.kind === 'status') {
      from.resume();
      to.writeHead(fault.status).end();
      return;
    }
    const { hostname, port } = this.#upstream;
    const upstream = request({ hostname, port, method, path: url, headers });
    upstream.on('error', () => to.destroy());
    upstream.on('response', (answer) => {
      if (fault?.kind === 'lose-answer') {
        answer.resume().on('end', () => to.destroy());
        return;
      }
      to.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      let left = fault?.kind === 'cut-answer' ? fault.afterBytes : Number.POSITIVE_INFINITY;
      answer.on('data', (bytes: Buffer) => {
        const kept = bytes.subarray(0, left);
        left -= kept.length;
        to.write(fault?.kind === 'change-answer' ? Buffer.alloc(kept.length, 'x') : kept);
        // What was written must have left before the connection ends.
        if (left === 0) void sleep(20).then(() => to.destroy());
      });
      answer.on('end', () => to.end());
      answer.on('error', () => to.destroy());
    });
    let left = fault?.kind === 'cut-request' ? fault.afterBytes : Number.POSITIVE_INFINITY;
    from.on('data', (bytes: Buffer) => {
      const kept = bytes.subarray(0, left);
      left -= kept.length;
      passed.bytes += kept.length;
      if (!upstream.write(kept)) {
        from.pause();
        upstream.once('drain', () => from.resume());
      }
      if (left > 0) return;
      from.pause();
      void sleep(20).then(() => {
        upstream.destroy();
        from.destroy();
      });
    });
    from.on('end', () => upstream.end());
    from.on('error', () => upstream.destroy());
  }
}
