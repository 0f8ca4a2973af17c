import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { cutSlowClients } from './slow-clients.ts';

const pace = { windowMs: 400, leastBytes: 10_000, longestMs: 4_000 };
const server = createServer((asked, answer) => {
  if (asked.url === '/large') answer.end(Buffer.alloc(64 * 1024 * 1024));
  else if (asked.url === '/thinking') setTimeout(() => answer.end('thought'), 3 * pace.windowMs);
  else asked.resume().on('end', () => answer.end('taken'));
});
await listening(server);
const watch = cutSlowClients(server, pace);
after(() => {
  watch[Symbol.dispose]();
  server.closeAllConnections();
  server.close();
});

test('who sends a body byte by byte is cut off', async () => {
  const sent = ask('PUT', '/');
  const trickle = setInterval(() => sent.write('x'), 20);
  await assert.rejects(answerOf(sent), /ECONNRESET|hang up|EPIPE/);
  clearInterval(trickle);
});

test('who takes an answer byte by byte is cut off', async () => {
  const sent = ask('GET', '/large');
  sent.end();
  const answer = await new Promise<IncomingMessage>((resolve) => sent.on('response', resolve));
  const cut = new Promise((resolve) => answer.on('error', resolve));
  const trickle = setInterval(() => answer.read(1), 20);
  // What lies between the two is taken after the end.
  await sleep(4 * pace.windowMs);
  clearInterval(trickle);
  answer.resume();
  assert.match(String(await cut), /aborted|ECONNRESET/);
});

test('who is slow and steady is not', async () => {
  const sent = ask('PUT', '/');
  for (let i = 0; i < 30; i++) {
    // Two of them in a window are enough, on a machine that wakes us late too.
    sent.write(Buffer.alloc(8_000));
    await sleep(50);
  }
  sent.end();
  assert.equal(await answerOf(sent), 'taken');
});

test('who is steady for longer than any request may last is cut off', async () => {
  const sent = ask('PUT', '/');
  const steady = setInterval(() => sent.write(Buffer.alloc(8_000)), 40);
  await assert.rejects(answerOf(sent), /ECONNRESET|hang up|EPIPE/);
  clearInterval(steady);
});

test('nobody is cut off for the time that we take', async () => {
  const sent = ask('GET', '/thinking');
  sent.end();
  assert.equal(await answerOf(sent), 'thought');
});

function ask(method: string, path: string) {
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return request({ host: '127.0.0.1', port, path, method, agent: false });
}

function answerOf(sent: ReturnType<typeof ask>): Promise<string> {
  return new Promise((resolve, reject) => {
    sent.on('error', reject).on('response', async (answer) => {
      resolve(Buffer.concat(await Array.fromAsync(answer)).toString());
    });
  });
}

function listening(one: Server): Promise<void> {
  return new Promise((resolve) => one.listen(0, '127.0.0.1', resolve));
}
