import type { Secret } from '../../base/index.ts';
import { isLoopback } from './loopback.ts';

/** Who this client is, PEM: shown to a server that asks. */
export interface ClientIdentity {
  /** Its certificate, and those between it and the authority. */
  readonly certificate: string;
  /** Not encrypted. */
  readonly key: Secret;
}

export interface HttpsClientOptions {
  /**
   * PEM certificates that may vouch for a server; then they are the only ones, and loopback
   * addresses are verified too. Without them the system's apply, and loopback is not verified.
   */
  readonly ca?: string | undefined;
  /** Loopback addresses are verified too, by the system's certificates. */
  readonly verifyLoopback?: boolean | undefined;
  readonly identity?: ClientIdentity | undefined;
  /** A Unix socket that every request goes to, whatever host its URL names. */
  readonly socketPath?: string | undefined;
  /**
   * Variables that may name proxies, such as `process.env`: HTTPS_PROXY, HTTP_PROXY, NO_PROXY, in
   * either case. This machine itself is always asked directly.
   */
  readonly proxyEnv?: Readonly<Record<string, string | undefined>> | undefined;
  /** How long a server may stay silent: to connect, to answer, between two pieces of a body. */
  readonly silenceMs?: number;
}

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes, or a stream whose length the headers give. A function, so that it can be sent again. */
  readonly body?: Uint8Array | (() => AsyncIterable<Uint8Array>) | undefined;
}

/** An answer whose body is still coming. It must be read to its end, or discarded. */
export interface OpenAnswer {
  readonly status: number;
  /** Lowercase names; several headers of one name joined by a comma. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: AsyncIterable<Uint8Array>;
  /** Closes the connection without reading on. */
  discard(): void;
}

export interface Answer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
}

/** What TLS is told, in the words that Node and Bun share. */
export function tlsOf({ ca, identity }: HttpsClientOptions): TlsOptions {
  return {
    ...(ca && { ca }),
    ...(identity && { cert: identity.certificate, key: identity.key.reveal() }),
  };
}

export interface TlsOptions {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Whether the certificate of a server must be one that somebody vouches for. */
export function isVerified(url: URL, { ca, verifyLoopback }: HttpsClientOptions): boolean {
  return ca !== undefined || verifyLoopback === true || !isLoopback(url.hostname);
}

/** A URL without its query, in which some servers carry secrets. */
export function printable(url: URL): string {
  return `${url.origin}${url.pathname}`.slice(0, 300);
}
