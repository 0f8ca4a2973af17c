import type { OutgoingHttpHeaders } from 'node:http';
import { request } from 'node:https';

export interface HttpsAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface HttpsOptions {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Uint8Array;
}

/**
 * One HTTPS request on a connection of its own, sent exactly as written: the path is not tidied
 * up, so a test can send what no client library would. The server's certificate is not verified,
 * as docker does not for a registry on 127.0.0.1.
 *
 * @param url  origin and path, as it shall go over the wire
 */
export function httpsRequest(url: string, options: HttpsOptions = {}): Promise<HttpsAnswer> {
  const { method = 'GET', headers = {}, body } = options;
  const [, hostname, port, path] = /^https:\/\/([^/:]+):(\d+)(.*)$/s.exec(url) ?? [];
  if (!hostname || !port) throw new TypeError(`not https://HOST:PORT/PATH: ${url}`);
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        ...{ hostname, port, method, agent: false, rejectUnauthorized: false, timeout: 30_000 },
        path: path || '/',
        headers: {
          ...(body === undefined ? {} : { 'content-length': lengthOf(body) }),
          ...headers,
        },
      },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part) => parts.push(part));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers as Record<string, string>,
            body: Buffer.concat(parts),
          }),
        );
      },
    );
    sent.on('timeout', () => sent.destroy(new Error(`${method} ${url}: no answer within 30 s`)));
    sent.on('error', reject);
    sent.end(body);
  });
}

function lengthOf(body: string | Uint8Array): number {
  return typeof body === 'string' ? Buffer.byteLength(body) : body.length;
}
