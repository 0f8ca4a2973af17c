import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { after, afterEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { assertError, RegistryClient } from '../../../test/support/registry-client.ts';
import { startRegistry } from '../../../test/support/registry-server.ts';
import { digestOf, hexOf, utf8 } from '../../base/index.ts';

const server = await startRegistry({ blobLimitBytes: 20_000_000, uploadLimit: 20 });
const client = new RegistryClient(server.origin);
const bytes = utf8('the bytes of a layer');
const digest = digestOf(bytes);
const other = digestOf(utf8('others'));
const blobFile = `blobs/sha256/${hexOf(digest).slice(0, 2)}/${hexOf(digest)}`;

after(() => server[Symbol.asyncDispose]());
afterEach(async () => {
  const left = (await server.files()).filter((file) => file.startsWith('uploads/'));
  assert.deepEqual(left, [], 'an upload was left behind');
});

test('a blob is pushed by POST and PUT, and read again', async () => {
  const begun = await client.send('POST', 'blobs/uploads/');
  assert.equal(begun.status, 202);
  assert.match(begun.headers.location ?? '', /^\/v2\/acme\/app\/blobs\/uploads\/[0-9a-f]{64}$/);
  assert.equal(begun.headers.range, '0-0');
  assert.ok(begun.headers.location?.endsWith(begun.headers['docker-upload-uuid'] ?? '-'));
  assert.equal(begun.headers['content-length'], '0');

  const path = `${begun.headers.location}?digest=${encodeURIComponent(digest)}`;
  const finished = await client.send('PUT', path, { body: bytes });
  assert.equal(finished.status, 201, finished.body.toString());
  assert.equal(finished.headers.location, `/v2/acme/app/blobs/${digest}`);
  assert.equal(finished.headers['docker-content-digest'], digest);
  const read = await client.send('GET', `blobs/${digest}`);
  assert.deepEqual(new Uint8Array(read.body), bytes);
  assert.ok((await server.files()).includes(blobFile));
});

test('a blob is pushed in one POST', async () => {
  const pushed = await client.send('POST', `blobs/uploads/?digest=${digest}`, { body: bytes });
  assert.equal(pushed.status, 201);
  assert.equal(pushed.headers.location, `/v2/acme/app/blobs/${digest}`);
});

test('chunks are appended in order, and the status says how far they came', async () => {
  const path = await client.begin();
  const chunks: [string, Uint8Array, string][] = [
    ['0-4', bytes.slice(0, 5), '0-4'],
    ['bytes 5-9/20', bytes.slice(5, 10), '0-9'],
  ];
  for (const [range, body, expected] of chunks) {
    const headers = { 'content-range': range };
    const appended = await client.send('PATCH', path, { body, headers });
    assert.equal(appended.status, 202, appended.body.toString());
    assert.equal(appended.headers.range, expected);
    assert.equal(appended.headers.location, path);
    for (const method of ['GET', 'HEAD']) {
      const status = await client.send(method, path);
      assert.equal(status.status, 204);
      assert.equal(status.headers.range, expected);
      assert.equal(status.headers.location, path);
    }
  }
  const headers = { 'content-range': '10-19' };
  const last = await client.send('PUT', `${path}?digest=${digest}`, {
    body: bytes.slice(10),
    headers,
  });
  assert.equal(last.status, 201);
});

test('a chunk without a length or a range is appended, as docker sends it', async () => {
  const path = await client.begin();
  const appended = await client.send('PATCH', path, { body: Readable.from([bytes]) });
  assert.equal(appended.status, 202);
  assert.equal(appended.headers.range, '0-19');
  assert.equal((await client.send('PUT', `${path}?digest=${digest}`)).status, 201);
});

test('a chunk out of order is refused, and the answer says where to go on', async () => {
  const path = await client.begin();
  await client.send('PATCH', path, { body: bytes.slice(0, 5) });
  for (const range of ['6-10', '0-4', '4-8']) {
    const headers = { 'content-range': range };
    const refused = await client.send('PATCH', path, { body: bytes.slice(5, 10), headers });
    assertError(refused, 416, 'RANGE_INVALID', 'REGISTRY_UPLOAD_OFFSET');
    assert.equal(refused.headers.range, '0-4');
    assert.equal(refused.headers.location, path);
  }
  for (const range of ['x', '4', '9-5', '0-9007199254740993']) {
    const headers = { 'content-range': range };
    const refused = await client.send('PATCH', path, { body: bytes.slice(5, 10), headers });
    assertError(refused, 416, 'RANGE_INVALID', 'REGISTRY_API_CONTENT_RANGE');
  }
  const rest = { body: bytes.slice(5), headers: { 'content-range': '5-19' } };
  assert.equal((await client.send('PATCH', path, rest)).status, 202);
  assert.equal((await client.send('PUT', `${path}?digest=${digest}`)).status, 201);
});

test('a chunk that is not as long as its range leaves nothing', async () => {
  const path = await client.begin();
  const announced = { body: bytes.slice(0, 5), headers: { 'content-range': '0-7' } };
  const refused = await client.send('PATCH', path, announced);
  assertError(refused, 400, 'SIZE_INVALID', 'REGISTRY_API_CONTENT_LENGTH');
  for (const body of [bytes.slice(0, 5), bytes]) {
    const streamed = { body: Readable.from([body]), headers: { 'content-range': '0-7' } };
    const refused = await client.send('PATCH', path, streamed);
    assertError(refused, 400, 'SIZE_INVALID', 'REGISTRY_UPLOAD_LENGTH');
  }
  assert.equal((await client.send('GET', path)).headers.range, '0-0');
  assert.equal((await client.send('DELETE', path)).status, 204);
});

test('bytes of another digest are refused and not kept', async () => {
  const fresh = utf8('never pushed');
  const before = await server.files();
  const path = await client.begin();
  const put = await client.send('PUT', `${path}?digest=${other}`, { body: fresh });
  assertError(put, 400, 'DIGEST_INVALID', 'REGISTRY_DIGEST_MISMATCH');
  assertError(await client.send('GET', path), 404, 'BLOB_UPLOAD_UNKNOWN');
  const post = await client.send('POST', `blobs/uploads/?digest=${other}`, { body: fresh });
  assertError(post, 400, 'DIGEST_INVALID', 'REGISTRY_DIGEST_MISMATCH');
  assert.deepEqual(await server.files(), before);
});

test('an upload is finished only with a digest', async () => {
  const path = await client.begin();
  assertError(
    await client.send('PUT', path, { body: bytes }),
    400,
    'DIGEST_INVALID',
    'REGISTRY_API_DIGEST_MISSING',
  );
  for (const text of [
    '',
    'x',
    `sha512:${'0'.repeat(64)}`,
    `sha384:${'0'.repeat(96)}`,
    'sha256:..%2f..%2fx',
    `${digest}%0d%0ax:y`,
  ]) {
    const refused = await client.send('PUT', `${path}?digest=${text}`, { body: bytes });
    assertError(refused, 400, 'DIGEST_INVALID', 'DIGEST_INVALID');
  }
  assert.equal((await client.send('GET', path)).headers.range, '0-0');
  await client.send('DELETE', path);
});

test('a cancelled upload is gone', async () => {
  const path = await client.begin();
  await client.send('PATCH', path, { body: bytes });
  assert.equal((await client.send('DELETE', path)).status, 204);
  for (const method of ['GET', 'PATCH', 'DELETE']) {
    assertError(await client.send(method, path), 404, 'BLOB_UPLOAD_UNKNOWN');
  }
  assertError(await client.send('PUT', `${path}?digest=${digest}`), 404, 'BLOB_UPLOAD_UNKNOWN');
});

test('an upload is unknown to another repository and another user', async () => {
  const headers = { 'x-user': 'acme' };
  const path = await client.begin({ headers });
  const elsewhere = path.replace('/acme/app/', '/acme/other/');
  const mine = { headers, body: bytes };
  assertError(await client.send('PATCH', elsewhere, mine), 404, 'BLOB_UPLOAD_UNKNOWN');
  assertError(
    await client.send('PATCH', path, { body: bytes, headers: { 'x-user': 'rita' } }),
    404,
    'BLOB_UPLOAD_UNKNOWN',
  );
  assertError(await client.send('PATCH', path, { body: bytes }), 404, 'BLOB_UPLOAD_UNKNOWN');
  assert.equal((await client.send('PATCH', path, mine)).status, 202);
  assert.equal((await client.send('DELETE', path, { headers })).status, 204);
});

test('a client that goes away finds its bytes again', async () => {
  const large = new Uint8Array(3_000_000).fill(7);
  const path = await client.begin();
  await sendPart(path, large.length, large.subarray(0, 2_500_000));
  const held = await settled(path);
  assert.ok(held > 0 && held <= 2_500_000, `${held} bytes`);
  const headers = { 'content-range': `${held}-${large.length - 1}` };
  const rest = { body: large.subarray(held), headers };
  assert.equal((await client.send('PATCH', path, rest)).status, 202);
  const finished = await client.send('PUT', `${path}?digest=${digestOf(large)}`);
  assert.equal(finished.status, 201, finished.body.toString());
});

test('a client that goes away during a push in one piece leaves nothing', async () => {
  const before = await server.files();
  await sendPart(`/v2/acme/app/blobs/uploads/?digest=${digest}`, 1000, bytes, 'POST');
  for (let i = 0; i < 100; i++) {
    await sleep(20);
    if ((await server.files()).length === before.length) break;
  }
  assert.deepEqual(await server.files(), before);
});

test('a blob over the limit is refused, also when nobody said its length', async () => {
  const path = await client.begin();
  const megabyte = new Uint8Array(1_000_000);
  const huge = Readable.from(Array(25).fill(megabyte));
  const refused = await client.send('PATCH', path, { body: huge });
  assertError(refused, 413, 'SIZE_INVALID', 'REGISTRY_BLOB_TOO_LARGE');
  assert.equal((await client.send('GET', path)).headers.range, '0-0');
  await client.send('DELETE', path);
});

test('after a refusal in the middle of a body the connection goes on', async () => {
  const path = await client.begin();
  const socket = connect(Number(new URL(server.origin).port), '127.0.0.1');
  let received = '';
  socket.on('data', (part) => {
    received += part;
  });
  socket.write(`PATCH ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: 40000000\r\n\r\n`);
  for (let i = 0; i < 40; i++) socket.write(new Uint8Array(1_000_000));
  socket.end('GET /v2/ HTTP/1.1\r\nhost: x\r\n\r\n');
  await once(socket, 'close', { signal: AbortSignal.timeout(10_000) });
  assert.match(received, /^HTTP\/1\.1 413 .*HTTP\/1\.1 200 /s);
  await client.send('DELETE', path);
});

test('uploads are bounded', async () => {
  const paths = await Promise.all(Array.from({ length: 20 }, () => client.begin()));
  const refused = await client.send('POST', 'blobs/uploads/');
  assertError(refused, 429, 'TOOMANYREQUESTS', 'REGISTRY_TOO_MANY_UPLOADS');
  await Promise.all(paths.map((path) => client.send('DELETE', path)));
  await client.send('DELETE', await client.begin());
});

test('uploads expire after a day in which nothing came', async () => {
  const path = await client.begin();
  const hours = (count: number) => new Date(Date.now() + count * 3_600_000);
  assert.equal(await server.uploads.expire(hours(23)), 0);
  assert.equal(await server.uploads.expire(hours(25)), 1);
  assertError(await client.send('GET', path), 404, 'BLOB_UPLOAD_UNKNOWN');
});

test('however a blob is cut into chunks, it is the same blob', async () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 300_000 }), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(sizes, fc.boolean(), async (cuts, ranged) => {
      const whole = new Uint8Array(cuts.reduce((sum, size) => sum + size, 0)).map((_, i) => i * 7);
      const path = await client.begin();
      let start = 0;
      for (const size of cuts) {
        const body = whole.subarray(start, start + size);
        const headers = ranged ? { 'content-range': `${start}-${start + size - 1}` } : {};
        assert.equal((await client.send('PATCH', path, { body, headers })).status, 202);
        start += size;
      }
      const finished = await client.send('PUT', `${path}?digest=${digestOf(whole)}`);
      assert.equal(finished.status, 201);
    }),
    { numRuns: process.env.SLOW ? 200 : 10 },
  );
});

/** Sends less than it announces, then hangs up. */
async function sendPart(path: string, announced: number, part: Uint8Array, method = 'PATCH') {
  const socket = connect(Number(new URL(server.origin).port), '127.0.0.1');
  await once(socket, 'connect');
  socket.on('error', () => undefined);
  socket.write(`${method} ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: ${announced}\r\n\r\n`);
  await new Promise((resolve) => socket.write(part, resolve));
  await sleep(200);
  socket.destroy();
}

/** What an upload holds once the server has noticed that its sender is gone. */
async function settled(path: string): Promise<number> {
  for (let before = -1; ; ) {
    const range = (await client.send('GET', path)).headers.range ?? '0-0';
    const held = Number(range.slice(2)) + 1;
    if (held === before) return held;
    before = held;
    await sleep(200);
  }
}
