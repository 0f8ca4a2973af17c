import * as http from 'node:http';
import * as https from 'node:https';
import { Readable } from 'node:stream';

export interface WireAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}

export interface WireOptions {
  readonly method?: string;
  readonly headers?: http.OutgoingHttpHeaders;
  /** A stream goes out in chunks unless the headers give its `content-length`. */
  readonly body?: string | Uint8Array | Readable;
  /** A connection of its own unless told. */
  readonly agent?: http.Agent;
}

/**
 * One request over HTTPS (or HTTP), sent exactly as written: the path is not tidied up, so a test can send what
 * no client library would. The server's certificate is not verified, as docker does not for a
 * registry on 127.0.0.1.
 *
 * @param url  origin and path, as it shall go over the wire
 */
export function wireRequest(url: string, options: WireOptions = {}): Promise<WireAnswer> {
  const { method = 'GET', headers = {}, body } = options;
  const [, scheme, hostname, port, path] = /^(https?):\/\/([^/:]+):(\d+)(.*)$/s.exec(url) ?? [];
  if (!hostname || !port) throw new TypeError(`not https://HOST:PORT/PATH: ${url}`);
  const length = body instanceof Readable ? undefined : Buffer.byteLength(body ?? '');
  const framing = body === undefined || length === undefined ? {} : { 'content-length': length };
  const { request, Agent } = scheme === 'https' ? https : http;
  const agent = options.agent ?? new Agent();
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        ...{ hostname, port, method, agent, rejectUnauthorized: false, timeout: 60_000 },
        path: path || '/',
        headers: { ...framing, ...headers },
      },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part) => parts.push(part));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers as Record<string, string | undefined>,
            body: Buffer.concat(parts),
          }),
        );
      },
    );
    sent.on('timeout', () => sent.destroy(new Error(`${method} ${url}: silence for 60 s`)));
    sent.on('error', reject);
    if (body instanceof Readable) {
      body.on('error', (error) => sent.destroy(error));
      body.pipe(sent);
    } else sent.end(body);
  });
}
