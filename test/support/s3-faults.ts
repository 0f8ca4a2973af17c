import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What happens to a request to S3, or to its answer. */
export type Fault =
  /** It is refused, as a server that has too much to do does. */
  | 'slow down'
  /** The server says that this may not be read, as with credentials that ran out. */
  | 'denied'
  /** The connection breaks before it is there. */
  | 'reset'
  /** It is done, and the connection breaks before the answer. */
  | 'unanswered'
  /** The server says that it has stored a part, and has lost it. */
  | 'lost'
  /** The answer comes in pieces, with pauses. */
  | 'slow'
  /** Nobody answers, and the connection stays. */
  | 'silent'
  /** The connection breaks after so many bytes of the answer, or stays and no more comes. */
  | { readonly cutAfterBytes: number; readonly stays?: true };

/** What a request is, in words: `PUT object`, `PUT part`, `POST begin`, `POST complete`, `DELETE parts`. */
export type Asked = string;

/** Between a store and its bucket: hands on what is asked, or does harm to it. */
export class FaultyS3 implements AsyncDisposable {
  /** Is asked about each request; may wait. */
  fault: (asked: Asked, path: string) => Fault | undefined | Promise<Fault | undefined>;
  /** All that was asked since {@link FaultyS3.heal}. */
  readonly asked: Asked[] = [];
  readonly #port: number;
  readonly #server = createServer((asking, answer) => {
    this.#hand(asking, answer).catch(() => answer.destroy());
  });

  private constructor(port: number) {
    this.#port = port;
    this.fault = () => undefined;
  }

  /** @param port  of the server behind it, on 127.0.0.1 */
  static async start(port: number): Promise<FaultyS3> {
    const faulty = new FaultyS3(port);
    await new Promise<void>((resolve) => {
      faulty.#server.listen(0, '127.0.0.1', resolve);
    });
    return faulty;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Does harm to requests of this kind: to the first ones, or to all. */
  harm(kind: Asked, fault: Fault, times = Number.POSITIVE_INFINITY): void {
    let left = times;
    this.fault = (asked) => (asked === kind && left-- > 0 ? fault : undefined);
  }

  heal(): void {
    this.fault = () => undefined;
    this.asked.length = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #hand(asking: IncomingMessage, answer: ServerResponse): Promise<void> {
    const body: Buffer[] = [];
    for await (const part of asking) body.push(part);
    const bytes = Buffer.concat(body);
    const asked = wordsOf(asking);
    this.asked.push(asked);
    const fault = await this.fault(asked, asking.url ?? '');
    if (fault === 'silent') return;
    if (fault === 'reset') return void answer.destroy();
    if (fault === 'slow down') return refuse(answer, 503, 'SlowDown');
    if (fault === 'denied') return refuse(answer, 403, 'AccessDenied');
    if (fault === 'lost') {
      const etag = `"${createHash('md5').update(bytes).digest('hex')}"`;
      return void answer.writeHead(200, { etag }).end();
    }
    const got = await this.#forward(asking, bytes);
    if (fault === 'unanswered') {
      await got.toArray();
      return void answer.destroy();
    }
    answer.writeHead(got.statusCode ?? 500, got.rawHeaders);
    await sendBody(got, answer, fault);
  }

  async #forward(asking: IncomingMessage, body: Buffer): Promise<IncomingMessage> {
    const { method, url, headers } = asking;
    const to = { host: '127.0.0.1', port: this.#port, agent: false };
    // The Host stays as it was: it is signed.
    const forward = request({
      ...to,
      method,
      path: url,
      headers: { ...headers, connection: 'close' },
    });
    const response = once(forward, 'response');
    // After the answer nobody waits for it any more.
    forward.on('error', () => undefined);
    forward.end(body);
    const [got] = await response;
    return got as IncomingMessage;
  }
}

async function sendBody(
  got: IncomingMessage,
  answer: ServerResponse,
  fault: Fault | undefined,
): Promise<void> {
  let left = typeof fault === 'object' ? fault.cutAfterBytes : Number.POSITIVE_INFINITY;
  for await (const piece of got as AsyncIterable<Buffer>) {
    if (fault === 'slow') await sleep(20);
    const sent = piece.subarray(0, left);
    left -= sent.length;
    await new Promise((resolve) => answer.write(sent, resolve));
    if (left > 0) continue;
    got.destroy();
    if (typeof fault === 'object' && fault.stays) return;
    return void answer.destroy();
  }
  answer.end();
}

function refuse(answer: ServerResponse, status: number, code: string): void {
  const xml = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>a fault</Message></Error>`;
  answer.writeHead(status, { 'content-type': 'application/xml' }).end(xml);
}

function wordsOf({ method = '', url = '' }: IncomingMessage): Asked {
  const { searchParams: query } = new URL(url, 'http://s3');
  return `${method} ${nounOf(method, query)}`;
}

function nounOf(method: string, query: URLSearchParams): string {
  if (query.has('partNumber')) return 'part';
  if (query.has('uploadId')) return method === 'POST' ? 'complete' : 'parts';
  if (query.has('uploads')) return method === 'POST' ? 'begin' : 'list';
  return query.has('list-type') ? 'list' : 'object';
}
