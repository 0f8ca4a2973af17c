import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { test } from 'node:test';
import { limitConnections } from './connections.ts';

test('an address gets half of the connections, others the rest, and what was closed is free again', async (t) => {
  const server = createServer();
  limitConnections(server, 4);
  server.on('connection', (socket) => socket.destroyed || socket.write('hello'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  t.after(() => server.close());
  const from = (localAddress: string) => {
    const socket = connect({ host: '127.0.0.1', port, localAddress });
    t.after(() => socket.destroy());
    socket.on('error', () => {});
    const greeted = once(socket, 'data').then(() => true);
    const refused = once(socket, 'close').then(() => false);
    return { socket, isServed: Promise.race([greeted, refused]) };
  };
  const first = from('127.0.0.1');
  assert.deepEqual([await first.isServed, await from('127.0.0.1').isServed], [true, true]);
  assert.equal(await from('127.0.0.1').isServed, false);
  assert.equal(await from('127.0.0.2').isServed, true);
  first.socket.destroy();
  await once(first.socket, 'close');
  await new Promise(setImmediate);
  assert.equal(await from('127.0.0.1').isServed, true);
  assert.equal(await from('127.0.0.2').isServed, true);
  assert.equal(await from('127.0.0.3').isServed, false);
});
