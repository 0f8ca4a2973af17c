/**
 * HEAD requests over 16 connections, in a process of its own: `node bench/head-load.ts <JSON of
 * HeadLoad>`. wrk cannot: it waits for a body. It prints how many were answered per second; an answer
 * other than 200 ends it.
 */
import * as net from 'node:net';
import * as tls from 'node:tls';

export interface HeadLoad {
  readonly url: string;
  readonly token?: string | undefined;
  readonly seconds: number;
}

const connections = 16;
const load = JSON.parse(process.argv[2] ?? '{}') as HeadLoad;
const { protocol, hostname, port, pathname, host } = new URL(load.url);
const login = load.token === undefined ? '' : `Authorization: Bearer ${load.token}\r\n`;
const request = Buffer.from(`HEAD ${pathname} HTTP/1.1\r\nHost: ${host}\r\n${login}\r\n`);
const where = { host: hostname, port: Number(port) };

let answered = 0;
const sockets = Array.from({ length: connections }, () => {
  const socket =
    protocol === 'https:'
      ? tls.connect({ ...where, rejectUnauthorized: false }, () => socket.write(request))
      : net.connect(where, () => socket.write(request));
  let head = '';
  socket.setEncoding('latin1').on('data', (text) => {
    head += text;
    if (!head.endsWith('\r\n\r\n')) return;
    if (!head.startsWith('HTTP/1.1 200')) throw new Error(head);
    head = '';
    answered++;
    socket.write(request);
  });
  return socket;
});
// The first second is not counted: compilers run in it.
setTimeout(() => {
  const [before, since] = [answered, performance.now()];
  setTimeout(() => {
    const perSecond = ((answered - before) / (performance.now() - since)) * 1_000;
    process.stdout.write(`${JSON.stringify({ perSecond })}\n`);
    for (const socket of sockets) socket.destroy();
  }, load.seconds * 1_000);
}, 1_000);
