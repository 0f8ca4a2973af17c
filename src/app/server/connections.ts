import type { Server } from 'node:net';

/**
 * Bounds how many connections a server has at once, and gives one address at most half of them:
 * whoever opens as many as they can must not shut everybody else out.
 */
export function limitConnections(server: Server, most: number): void {
  const held = new Map<string, number>();
  server.maxConnections = most;
  server.on('connection', (socket) => {
    const { remoteAddress = '' } = socket;
    const before = held.get(remoteAddress) ?? 0;
    if (before >= most / 2) {
      socket.destroy();
      return;
    }
    held.set(remoteAddress, before + 1);
    socket.once('close', () => {
      const left = (held.get(remoteAddress) ?? 0) - 1;
      if (left > 0) held.set(remoteAddress, left);
      else held.delete(remoteAddress);
    });
  });
}
