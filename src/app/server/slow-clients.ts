import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** What a client must at least take or send, and for how long one request may last. */
export interface Pace {
  readonly windowMs: number;
  /** In each window. */
  readonly leastBytes: number;
  readonly longestMs: number;
}

/** 128 KiB in five minutes, a slow modem's tenth; and a day. */
const defaultPace: Pace = {
  windowMs: 300_000,
  leastBytes: 128 * 1024,
  longestMs: 24 * 3_600_000,
};

/** The last request of a connection, and where its counters stood when it was last looked at. */
interface Watched {
  request: IncomingMessage;
  response: ServerResponse;
  begun: number;
  since: number;
  read: number;
  written: number;
}

/**
 * Cuts off who trickles: a body that comes, or an answer that is taken, byte by byte is never silent
 * long enough for the idle timeout, and holds a connection and its buffers for as long as it likes.
 * A whole layer may take long, so the pace is looked at, and only whether it takes more than a day. Only
 * waiting for the client counts: not our disk, nor a request that has come and is being worked on.
 *
 * @returns what ends the watch
 */
export function cutSlowClients(server: Server, pace: Pace = defaultPace): Disposable {
  const watched = new Map<Socket, Watched>();
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request;
    const known = watched.get(socket);
    const begins = { request, response, begun: performance.now(), ...standOf(socket) };
    if (!known) {
      watched.set(socket, begins);
      socket.once('close', () => watched.delete(socket));
    } else Object.assign(known, begins);
  });
  const timer = setInterval(() => {
    for (const [socket, one] of watched) {
      const now = standOf(socket);
      if (now.since - one.since < pace.windowMs) continue;
      const moved = movedBetween(one, now);
      const isOver = now.since - one.begun > pace.longestMs;
      if (moved !== undefined && (isOver || moved < pace.leastBytes)) socket.destroy();
      else Object.assign(one, now);
    }
  }, pace.windowMs / 4).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

function standOf({ bytesRead, bytesWritten }: Socket) {
  return { since: performance.now(), read: bytesRead, written: bytesWritten };
}

/** Undefined when it is not the client who is waited for. */
function movedBetween(
  { request, response, read, written }: Watched,
  now: Pick<Watched, 'read' | 'written'>,
): number | undefined {
  if (response.destroyed || response.writableFinished) return undefined;
  if (response.headersSent) {
    return response.writableLength > 0 ? now.written - written : undefined;
  }
  return request.complete || request.isPaused() ? undefined : now.read - read;
}
