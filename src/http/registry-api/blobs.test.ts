import assert from 'node:assert/strict';
import { truncate, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { assertError, RegistryClient } from '../../../test/support/registry-client.ts';
import { startRegistry } from '../../../test/support/registry-server.ts';
import { type Digest, digestOf, hexOf, utf8 } from '../../base/index.ts';

const server = await startRegistry();
const client = new RegistryClient(server.origin);
const stranger = new RegistryClient(server.origin, 'other/app');
after(() => server[Symbol.asyncDispose]());

const bytes = utf8('0123456789');
const digest = digestOf(bytes);
await client.pushBlob(bytes);

const fileOf = (blob: Digest) =>
  join(server.dataFolder, 'blobs/sha256', hexOf(blob).slice(0, 2), hexOf(blob));

test('a blob is served with its digest and length, to HEAD without its bytes', async () => {
  for (const [method, body] of [
    ['GET', '0123456789'],
    ['HEAD', ''],
  ] as const) {
    const answer = await client.send(method, `blobs/${digest}`);
    assert.equal(answer.status, 200);
    assert.equal(answer.body.toString(), body);
    assert.equal(answer.headers['content-length'], '10');
    assert.equal(answer.headers['content-type'], 'application/octet-stream');
    assert.equal(answer.headers['docker-content-digest'], digest);
    assert.equal(answer.headers['docker-distribution-api-version'], 'registry/2.0');
    assert.equal(answer.headers['x-content-type-options'], 'nosniff');
    assert.equal(answer.headers['accept-ranges'], 'bytes');
  }
});

test('a range is served as such', async () => {
  for (const [range, body, header] of [
    ['bytes=2-4', '234', 'bytes 2-4/10'],
    ['bytes=8-', '89', 'bytes 8-9/10'],
    ['bytes=-1', '9', 'bytes 9-9/10'],
  ] as const) {
    const answer = await client.send('GET', `blobs/${digest}`, { headers: { range } });
    assert.equal(answer.status, 206);
    assert.equal(answer.body.toString(), body);
    assert.equal(answer.headers['content-range'], header);
    assert.equal(answer.headers['content-length'], String(body.length));
  }
});

test('a range of other bytes than these is answered with the whole', async () => {
  for (const [condition, status] of [
    [`"${digest}"`, 206],
    [`W/"${digest}"`, 200],
    ['"sha256:other"', 200],
    ['Sat, 21 Nov 2026 12:00:00 GMT', 200],
  ] as const) {
    const headers = { range: 'bytes=0-1', 'if-range': condition };
    const answer = await client.send('GET', `blobs/${digest}`, { headers });
    assert.equal(answer.status, status, condition);
  }
});

test('a range that is not there or not one is refused', async () => {
  for (const range of ['bytes=10-', 'bytes=x', 'bytes=5-3', 'bytes=-0']) {
    const answer = await client.send('GET', `blobs/${digest}`, { headers: { range } });
    assertError(answer, 416, 'RANGE_INVALID', 'REGISTRY_API_RANGE');
    assert.equal(answer.headers['content-range'], 'bytes */10');
  }
});

test('several ranges at once are answered with the whole, HEAD has none', async () => {
  const headers = { range: 'bytes=0-1,4-5' };
  assert.equal((await client.send('GET', `blobs/${digest}`, { headers })).body.length, 10);
  const head = await client.send('HEAD', `blobs/${digest}`, { headers: { range: 'bytes=0-1' } });
  assert.equal(head.status, 200);
  assert.equal(head.headers['content-length'], '10');
});

test('a client that has the bytes is not sent them again', async () => {
  for (const [known, status] of [
    [`"${digest}"`, 304],
    [`W/"${digest}", "x"`, 304],
    ['*', 304],
    ['"x"', 200],
    [digest, 200],
  ] as const) {
    const headers = { 'if-none-match': known };
    const answer = await client.send('GET', `blobs/${digest}`, { headers });
    assert.equal(answer.status, status, known);
    assert.equal(answer.headers.etag, `"${digest}"`);
  }
});

test('a repository serves only what was pushed to it', async () => {
  for (const method of ['GET', 'DELETE']) {
    assertError(await stranger.send(method, `blobs/${digest}`), 404, 'BLOB_UNKNOWN');
  }
  const head = await stranger.send('HEAD', `blobs/${digest}`);
  assert.equal(head.status, 404);
});

test('a blob is mounted from a repository that has it', async () => {
  const path = `blobs/uploads/?mount=${digest}&from=acme/app`;
  const third = new RegistryClient(server.origin, 'third/app');
  const mounted = await third.send('POST', path);
  assert.equal(mounted.status, 201);
  assert.equal(mounted.headers.location, `/v2/third/app/blobs/${digest}`);
  assert.equal(mounted.headers['docker-content-digest'], digest);
  assert.equal((await third.send('GET', `blobs/${digest}`)).body.toString(), '0123456789');
});

test('a blob is mounted from wherever it is, when nobody says from where', async () => {
  const fifth = new RegistryClient(server.origin, 'fifth/app');
  const path = `blobs/uploads/?mount=${digest}`;
  for (const time of ['from another repository', 'again, from this one']) {
    const mounted = await fifth.send('POST', path);
    assert.equal(mounted.status, 201, time);
    assert.equal(mounted.headers.location, `/v2/fifth/app/blobs/${digest}`);
  }
  assert.equal((await fifth.send('GET', `blobs/${digest}`)).body.toString(), '0123456789');
});

test('a mount that cannot be done is an upload', async () => {
  const missing = digestOf(utf8('missing'));
  for (const query of [
    `mount=${digest}&from=nobody/app`,
    `mount=${missing}&from=acme/app`,
    `mount=${missing}`,
    `mount=${digest}&from=`,
    `mount=${digest}&from=..%2F..`,
    'mount=x&from=acme/app',
  ]) {
    const answer = await stranger.send('POST', `blobs/uploads/?${query}`);
    assert.equal(answer.status, 202, query);
    assert.equal((await stranger.send('DELETE', answer.headers.location ?? '')).status, 204);
  }
  assertError(await stranger.send('GET', `blobs/${digest}`), 404, 'BLOB_UNKNOWN');
});

test('a deleted blob is gone from its repository', async () => {
  const fourth = new RegistryClient(server.origin, 'fourth/app');
  await fourth.pushBlob(bytes);
  assert.equal((await fourth.send('DELETE', `blobs/${digest}`)).status, 202);
  assertError(await fourth.send('GET', `blobs/${digest}`), 404, 'BLOB_UNKNOWN');
  assertError(await fourth.send('DELETE', `blobs/${digest}`), 404, 'BLOB_UNKNOWN');
  assert.equal((await client.send('GET', `blobs/${digest}`)).status, 200);
});

test('a blob whose file was cut or lost is missing until it is pushed again', async () => {
  const damaged = utf8('to be damaged');
  const file = fileOf(digestOf(damaged));
  await client.pushBlob(damaged);
  for (const damage of [() => truncate(file, 3), () => unlink(file)]) {
    await damage();
    for (const method of ['GET', 'HEAD']) {
      const answer = await client.send(method, `blobs/${digestOf(damaged)}`);
      assert.equal(answer.status, 404);
      if (method === 'GET') assertError(answer, 404, 'BLOB_UNKNOWN', 'REGISTRY_BLOB_DAMAGED');
    }
    const mount = `blobs/uploads/?mount=${digestOf(damaged)}&from=acme/app`;
    const answer = await stranger.send('POST', mount);
    assert.equal(answer.status, 202);
    await stranger.send('DELETE', answer.headers.location ?? '');
    await client.pushBlob(damaged);
    assert.equal((await client.send('GET', `blobs/${digestOf(damaged)}`)).status, 200);
  }
});

test('what is no digest is refused', async () => {
  for (const text of [
    'x',
    'sha256:x',
    `${digest}0`,
    digest.toUpperCase(),
    '..',
    '%2e%2e%2f%2e%2e',
  ]) {
    for (const method of ['GET', 'DELETE']) {
      const answer = await client.send(method, `blobs/${text}`);
      assert.ok(answer.status === 400 || answer.status === 404, `${text}: ${answer.status}`);
      assert.ok(JSON.parse(answer.body.toString()).errors[0].code);
    }
  }
});
