import type { Server } from 'node:https';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../../base/index.ts';
import type { InstantAnswer, InstantGet } from './instant-get.ts';
import { shortAsText } from './instant-requests.ts';
import { type PlainGet, PlainGets } from './plain-get.ts';

/** What an answer is told to, for the log. */
export type Told = (asked: PlainGet, status: number, ms: number) => void;

export interface InstantConnectionsOptions {
  readonly get: InstantGet;
  readonly clock: Clock;
  readonly told: Told;
  readonly failed: (failure: unknown) => void;
  /** How often it is looked who takes nothing of what is sent; five minutes when absent. */
  readonly paceMs?: number;
}

/** What a client must at least take between two looks, while there is something to take. */
const leastBytes = 128 * 1024;
const fiveMinutesMs = 300_000;

/** For how long a connection may wait for its first request, which is also the server's limit. */
const firstWithinMs = 30_000;

/**
 * Takes each new connection of an HTTPS server first, and answers what it can of its requests without
 * an HTTP parser. With the first request that is not plain, or that nobody answers at once, the
 * connection is the server's, with that request and for good, as if it had always been.
 */
export function takeConnections(server: Server, options: InstantConnectionsOptions): void {
  const [toServer] = server.listeners('secureConnection');
  // Another runtime may have servers of another make.
  if (!toServer) return;
  const held = new Set<InstantConnection>();
  server.removeAllListeners('secureConnection');
  server.on('secureConnection', (socket) => {
    // Its handshake began before the server stopped; it has asked for nothing.
    if (!server.listening) {
      socket.destroySoon();
      return;
    }
    const connection = new InstantConnection(server, socket, options, () => {
      held.delete(connection);
    });
    held.add(connection);
    connection.begin((first) => {
      held.delete(connection);
      toServer.call(server, socket);
      if (first) socket.unshift(first);
    });
  });
  const watch = setInterval(() => {
    for (const connection of held) connection.closeIfSlow();
  }, options.paceMs ?? fiveMinutesMs).unref();
  server.once('close', () => clearInterval(watch));
  const [closeIdle, closeAll] = [server.closeIdleConnections, server.closeAllConnections];
  server.closeIdleConnections = () => {
    closeIdle.call(server);
    for (const connection of held) connection.closeIfIdle();
  };
  server.closeAllConnections = () => {
    closeAll.call(server);
    for (const connection of held) connection.close();
  };
}

/** A connection whose requests have all been plain so far. */
class InstantConnection {
  readonly #server: Server;
  readonly #socket: TLSSocket;
  readonly #options: InstantConnectionsOptions;
  readonly #over: () => void;
  readonly #gets = new PlainGets();
  #handOver: (first: Buffer | undefined) => void = () => undefined;
  /** What has arrived of the request under way, and behind it. */
  #chunk: Buffer | undefined;
  /** As of the last look at its pace. */
  #unsent = false;
  #sent = 0;

  constructor(
    server: Server,
    socket: TLSSocket,
    options: InstantConnectionsOptions,
    over: () => void,
  ) {
    this.#server = server;
    this.#socket = socket;
    this.#options = options;
    this.#over = over;
  }

  /** @param handOver  is called at most once, with what has arrived and was not answered */
  begin(handOver: (first: Buffer | undefined) => void): void {
    this.#handOver = handOver;
    this.#socket.setTimeout(firstWithinMs);
    this.#socket.on('data', this.#arrived).on('drain', this.#drained).on('close', this.#over);
    this.#socket.on('timeout', this.close).on('error', this.close).on('end', this.#ended);
  }

  readonly close = (): void => {
    this.#socket.destroy();
  };

  readonly #ended = (): void => {
    this.#socket.end();
  };

  /** Without waiting for the client to end its half, which one may never do. */
  closeIfIdle(): void {
    if (!this.#chunk) this.#socket.destroySoon();
  }

  closeIfSlow(): void {
    const { writableLength, bytesWritten } = this.#socket;
    const isSlow = writableLength > 0 && this.#unsent && bytesWritten - this.#sent < leastBytes;
    [this.#unsent, this.#sent] = [writableLength > 0, bytesWritten];
    if (isSlow) this.close();
  }

  readonly #arrived = (chunk: Buffer): void => {
    if (this.#chunk) {
      // Who does not wait for an answer is read on only when it is there.
      this.#chunk = Buffer.concat([this.#chunk, chunk]);
      this.#socket.pause();
      return;
    }
    this.#chunk = chunk;
    const asked = this.#gets.read(chunk.toString('latin1'));
    // A server that drains does not listen any more, and says so to its clients.
    if (!asked || !this.#server.listening) {
      this.#leave();
      return;
    }
    const since = performance.now();
    this.#options.get(
      asked,
      (answer) => {
        this.#send(answer);
        this.#options.told(asked, answer.status, performance.now() - since);
        this.#next(chunk);
      },
      (failure) => {
        if (failure !== undefined) this.#options.failed(failure);
        this.#leave();
      },
    );
  };

  readonly #drained = (): void => {
    this.#socket.resume();
  };

  #send({ status, fields, body }: InstantAnswer): void {
    const socket = this.#socket;
    if (socket.destroyed) return;
    const keepMs = this.#server.keepAliveTimeout;
    const head = headOf(status, fields, this.#options.clock(), keepMs);
    const text = body && shortAsText(body);
    let isTaken: boolean;
    if (text === undefined || typeof text === 'string') {
      isTaken = socket.write(head + (text ?? ''), 'latin1');
    } else {
      socket.cork();
      socket.write(head, 'latin1');
      isTaken = socket.write(text);
      socket.uncork();
    }
    if (socket.timeout !== keepMs) socket.setTimeout(keepMs);
    if (!isTaken) socket.pause();
  }

  /** @param answered  the chunk of the request that was answered */
  #next(answered: Buffer): void {
    const chunk = this.#chunk;
    this.#chunk = undefined;
    if (!this.#server.listening) this.#socket.destroySoon();
    else if (chunk && chunk !== answered) {
      this.#chunk = chunk.subarray(answered.length);
      this.#leave();
    }
  }

  #leave(): void {
    const [socket, first] = [this.#socket, this.#chunk];
    // Its listeners stay: an error may be on its way.
    if (socket.destroyed) return;
    socket.off('data', this.#arrived).off('drain', this.#drained).off('close', this.#over);
    socket.off('timeout', this.close).off('error', this.close).off('end', this.#ended);
    socket.setTimeout(0);
    this.#handOver(first);
    socket.resume();
  }
}

/** As Node writes it. */
function headOf(
  status: number,
  fields: InstantAnswer['fields'],
  now: Date,
  keepMs: number,
): string {
  let head = status === 200 ? 'HTTP/1.1 200 OK\r\n' : 'HTTP/1.1 304 Not Modified\r\n';
  for (const name in fields) head += `${name}: ${fields[name]}\r\n`;
  const keep = `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(keepMs / 1_000)}\r\n`;
  return `${head}Date: ${dateOf(now)}\r\n${keep}\r\n`;
}

let date = { second: 0, text: '' };

/** Written once a second. */
function dateOf(now: Date): string {
  const second = Math.floor(now.getTime() / 1_000);
  if (second !== date.second) date = { second, text: now.toUTCString() };
  return date.text;
}
