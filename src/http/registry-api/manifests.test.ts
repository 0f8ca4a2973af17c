import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { Readable } from 'node:stream';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { assertError, RegistryClient } from '../../../test/support/registry-client.ts';
import { startRegistry } from '../../../test/support/registry-server.ts';
import { digestOf, utf8 } from '../../base/index.ts';
import { manifestLimitBytes, mediaTypes } from '../../oci/index.ts';

const server = await startRegistry();
after(() => server[Symbol.asyncDispose]());

let used = 0;
/** A client of a repository that nobody has used before. */
function fresh(): RegistryClient {
  used++;
  return new RegistryClient(server.origin, `acme/app${used}`);
}
const missing = digestOf(utf8('missing'));
const invalid = 'MANIFEST_INVALID';
const json = (value: unknown) => utf8(JSON.stringify(value));

test('a manifest comes back byte for byte, by tag and by digest', async () => {
  const client = fresh();
  const bytes = await client.pushImage('v1');
  for (const reference of ['v1', digestOf(bytes)]) {
    for (const method of ['GET', 'HEAD']) {
      const headers = { accept: 'text/html' };
      const answer = await client.send(method, `manifests/${reference}`, { headers });
      assert.equal(answer.status, 200);
      assert.equal(answer.headers['content-type'], mediaTypes.ociManifest);
      assert.equal(answer.headers['content-length'], String(bytes.length));
      assert.equal(answer.headers['docker-content-digest'], digestOf(bytes));
      assert.deepEqual(new Uint8Array(answer.body), method === 'GET' ? bytes : new Uint8Array());
    }
  }
  const headers = { 'if-none-match': `"${digestOf(bytes)}"` };
  assert.equal((await client.send('GET', 'manifests/v1', { headers })).status, 304);
});

test('a large manifest comes back byte for byte', async () => {
  const client = fresh();
  const bytes = await client.pushImage('v1', 'x'.repeat(3_000_000));
  const answer = await client.send('GET', 'manifests/v1');
  assert.deepEqual(new Uint8Array(answer.body), bytes);
});

test('of one user no more manifests are read at once than a few, and of another others', async (t) => {
  const client = fresh();
  const headers = { 'x-user': 'paula', 'content-type': mediaTypes.ociManifest };
  const silent = Array.from({ length: 8 }, () => new Readable({ read: () => {} }));
  const slow = silent.map((body) => client.send('PUT', 'manifests/v1', { body, headers }));
  t.after(() => {
    for (const body of silent) body.destroy(new Error('gone'));
    return Promise.allSettled(slow);
  });
  for (const body of silent) body.push('{');
  await sleep(100);
  let isAnswered = false;
  const waiting = client.send('PUT', 'manifests/v1', { body: '{}', headers });
  void waiting.finally(() => (isAnswered = true));
  await sleep(100);
  const other = { ...headers, 'x-user': 'pete' };
  assertError(
    await client.send('PUT', 'manifests/v1', { body: '{}', headers: other }),
    400,
    invalid,
  );
  assert.equal(isAnswered, false);
  silent[5]?.push(null);
  assertError(await waiting, 400, invalid);
});

test('a manifest is pushed by digest, without a tag', async () => {
  const client = fresh();
  const bytes = await client.pushImage('v1', 'tagged');
  const untagged = utf8(new TextDecoder().decode(bytes).replace('tagged', 'plain'));
  const pushed = await client.putManifest(digestOf(untagged), untagged);
  assert.equal(pushed.status, 201);
  assert.match(pushed.headers.location ?? '', new RegExp(`/manifests/${digestOf(untagged)}$`));
  assert.equal(pushed.headers['docker-content-digest'], digestOf(untagged));
  const tags = await client.send('GET', 'tags/list');
  assert.deepEqual(JSON.parse(tags.body.toString()).tags, ['v1']);
});

test('a manifest under the digest of another is refused', async () => {
  const client = fresh();
  const bytes = await client.pushImage('v1');
  const refused = await client.putManifest(missing, bytes);
  assertError(refused, 400, 'DIGEST_INVALID', 'REGISTRY_DIGEST_MISMATCH');
});

test('a manifest whose parts are missing is refused, and told which', async () => {
  const client = fresh();
  const config = { mediaType: mediaTypes.ociConfig, digest: missing, size: 7 };
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: [] };
  const refused = await client.putManifest('v1', json(manifest));
  assertError(refused, 400, 'MANIFEST_BLOB_UNKNOWN', 'REGISTRY_MANIFEST_INCOMPLETE');
  assert.deepEqual(JSON.parse(refused.body.toString()).errors[0].detail.digests, [missing]);
  assertError(await client.send('GET', 'manifests/v1'), 404, 'MANIFEST_UNKNOWN');
  assertError(await client.send('GET', 'tags/list'), 404, 'NAME_UNKNOWN');
});

test('a manifest that lies about a size is refused', async () => {
  const client = fresh();
  const config = await client.pushBlob(utf8('{}'), mediaTypes.ociConfig);
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, layers: [] };
  const lie = { ...manifest, config: { ...config, size: 3 } };
  assertError(
    await client.putManifest('v1', json(lie)),
    400,
    'SIZE_INVALID',
    'REGISTRY_SIZE_MISMATCH',
  );
});

test('an index is taken after its children', async () => {
  const client = fresh();
  const child = await client.pushImage('amd64');
  const platform = { os: 'linux', architecture: 'amd64' };
  const descriptor = {
    mediaType: mediaTypes.ociManifest,
    digest: digestOf(child),
    size: child.length,
    platform,
  };
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [descriptor] };
  assert.equal((await client.putManifest('all', json(index), mediaTypes.ociIndex)).status, 201);
  const inUse = await client.send('DELETE', `manifests/${digestOf(child)}`);
  assertError(inUse, 405, 'DENIED', 'REGISTRY_IN_USE');
  const absent = { ...index, manifests: [descriptor, { ...descriptor, digest: missing }] };
  const refused = await client.putManifest('more', json(absent), mediaTypes.ociIndex);
  assertError(refused, 400, 'MANIFEST_BLOB_UNKNOWN');
});

const malformed: [sentence: string, body: Uint8Array | string, type: string, code: string][] = [
  ['no JSON', '{', mediaTypes.ociManifest, 'MANIFEST_INVALID'],
  ['nothing', '', mediaTypes.ociManifest, 'MANIFEST_INVALID'],
  ['of another type', '{"schemaVersion":2}', 'text/plain', 'MANIFEST_INVALID'],
  [
    'schema 1',
    '{"schemaVersion":1}',
    'application/vnd.docker.distribution.manifest.v1+json',
    'MANIFEST_INVALID',
  ],
  ['a bomb of brackets', '['.repeat(4_000_000), mediaTypes.ociManifest, 'MANIFEST_INVALID'],
  [
    'a bomb of members',
    `{${Array.from({ length: 200_000 }, (_, i) => `"${i}":0`)}}`,
    mediaTypes.ociManifest,
    'MANIFEST_INVALID',
  ],
  ['not UTF-8', Uint8Array.of(0xff), mediaTypes.ociManifest, 'MANIFEST_INVALID'],
];
test('a malformed manifest is refused and leaves nothing', async () => {
  const client = fresh();
  for (const [sentence, body, type, code] of malformed) {
    assertError(await client.putManifest('v1', body, type), 400, code);
    assertError(
      await client.send('GET', 'manifests/v1'),
      404,
      'MANIFEST_UNKNOWN',
      sentence && undefined,
    );
  }
});

test('a manifest over 4 MiB is refused, and its connection goes on', async () => {
  const client = fresh();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const body = new Uint8Array(manifestLimitBytes + 1).fill(0x20);
  for (const sent of [body, Readable.from([body])]) {
    const options = { body: sent, agent, headers: { 'content-type': mediaTypes.ociManifest } };
    assertError(await client.send('PUT', 'manifests/v1', options), 413, 'SIZE_INVALID');
    assert.equal((await client.send('GET', '/v2/', { agent })).status, 200);
  }
  agent.destroy();
});

test('a reference that is none is refused when it is pushed, unknown when it is asked for', async () => {
  const client = fresh();
  const bytes = await client.pushImage('v1');
  const texts = ['.hidden', '-x', 'a%20b', 'a%00', '%C3%A4', 'a'.repeat(129), '%2e%2e', 'a%0d%0ax'];
  for (const text of texts) {
    assertError(await client.putManifest(text, bytes), 400, 'TAG_INVALID');
    assertError(await client.send('GET', `manifests/${text}`), 404, 'MANIFEST_UNKNOWN');
    assertError(await client.send('DELETE', `manifests/${text}`), 404, 'MANIFEST_UNKNOWN');
  }
  for (const text of ['sha256:x', `sha512:${'0'.repeat(64)}`, `sha384:${'0'.repeat(96)}`]) {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      assertError(await client.send(method, `manifests/${text}`), 400, 'DIGEST_INVALID');
    }
  }
});

test('a tag is deleted alone, a manifest with its tags', async () => {
  const client = fresh();
  const bytes = await client.pushImage('v1');
  await client.pushImage('v2');
  assert.equal((await client.send('DELETE', 'manifests/v1')).status, 202);
  assertError(await client.send('GET', 'manifests/v1'), 404, 'MANIFEST_UNKNOWN');
  assert.equal((await client.send('GET', 'manifests/v2')).status, 200);
  assert.equal((await client.send('DELETE', `manifests/${digestOf(bytes)}`)).status, 202);
  for (const reference of ['v2', digestOf(bytes)]) {
    assertError(await client.send('GET', `manifests/${reference}`), 404, 'MANIFEST_UNKNOWN');
  }
  assertError(await client.send('DELETE', `manifests/${digestOf(bytes)}`), 404, 'MANIFEST_UNKNOWN');
});

test('a layer of a manifest cannot be deleted before it', async () => {
  const client = fresh();
  await client.pushImage('v1');
  const answer = await client.send('DELETE', `blobs/${digestOf(utf8('layer'))}`);
  assertError(answer, 405, 'DENIED', 'REGISTRY_IN_USE');
});

test('a change is made only to what the request names', async () => {
  const client = fresh();
  const first = digestOf(await client.pushImage('v1'));
  const other = await client.pushImage('other', 'other');
  const put = (headers: Record<string, string>, reference = 'v1') =>
    client.send('PUT', `manifests/${reference}`, {
      body: other,
      headers: { 'content-type': mediaTypes.ociManifest, ...headers },
    });
  const failed = [412, 'DENIED', 'REGISTRY_PRECONDITION'] as const;
  assertError(await put({ 'if-none-match': '*' }), ...failed);
  assertError(await put({ 'if-match': `"${missing}"` }), ...failed);
  assertError(await put({ 'if-match': `W/"${first}"` }), ...failed);
  assertError(await put({ 'if-match': '*' }, 'v2'), ...failed);
  assert.equal((await put({ 'if-none-match': '*' }, 'v2')).status, 201);
  assert.equal((await put({ 'if-match': `"${missing}", "${first}"` })).status, 201);

  const remove = (reference: string, digest: string) =>
    client.send('DELETE', `manifests/${reference}`, { headers: { 'if-match': `"${digest}"` } });
  assertError(await remove('v1', first), ...failed);
  assertError(await remove(first, missing), ...failed);
  assert.equal((await remove('v1', digestOf(other))).status, 202);
  assert.equal((await remove(first, first)).status, 202);
});

test('what a push should know is told in warnings', async () => {
  const client = fresh();
  const image = await client.pushImage('v1');
  const subject = { mediaType: mediaTypes.ociManifest, digest: missing, size: 5 };
  const config = await client.pushBlob(utf8('{}'), mediaTypes.ociEmpty);
  const foreign = { mediaType: mediaTypes.ociForeignLayer, digest: missing, size: 9 };
  const urls = ['https://elsewhere.example/layer'];
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config };
  const pushed = await client.putManifest(
    'v2',
    json({ ...manifest, subject, layers: [{ ...foreign, urls }] }),
  );
  assert.equal(pushed.status, 201);
  // Node joins what comes in several lines.
  assert.match(
    pushed.headers.warning ?? '',
    /^299 - "1 of the layers may lie elsewhere[^"]*", 299 - "the subject sha256:[^"]*"$/,
  );
  const known = { ...subject, digest: digestOf(image) };
  const quiet = await client.putManifest('v3', json({ ...manifest, subject: known, layers: [] }));
  assert.equal(quiet.headers.warning, undefined);
});

test('referrers of a subject are listed, by type if asked', async () => {
  const client = fresh();
  const subject = { mediaType: mediaTypes.ociManifest, digest: missing, size: 5 };
  const config = await client.pushBlob(utf8('{}'), mediaTypes.ociEmpty);
  for (const artifactType of ['application/vnd.a', 'application/vnd.b']) {
    const manifest = {
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config,
      layers: [],
      subject,
    };
    const bytes = json({ ...manifest, artifactType, annotations: { of: artifactType } });
    const pushed = await client.putManifest(digestOf(bytes), bytes);
    assert.equal(pushed.status, 201);
    assert.equal(pushed.headers['oci-subject'], missing);
  }
  const list = async (path: string) => {
    const answer = await client.send('GET', path);
    assert.equal(answer.status, 200);
    assert.match(
      answer.headers['content-type'] ?? '',
      new RegExp(`^${mediaTypes.ociIndex.replaceAll('+', '\\+')}`),
    );
    return { answer, manifests: JSON.parse(answer.body.toString()).manifests };
  };
  const all = await list(`referrers/${missing}`);
  assert.deepEqual(
    all.manifests.map((entry: { artifactType: string }) => entry.artifactType).sort(),
    ['application/vnd.a', 'application/vnd.b'],
  );
  const some = await list(`referrers/${missing}?artifactType=application/vnd.b`);
  assert.deepEqual(some.manifests[0].annotations, { of: 'application/vnd.b' });
  assert.equal(some.manifests.length, 1);
  assert.equal(some.answer.headers['oci-filters-applied'], 'artifactType');
  assert.deepEqual((await list(`referrers/${digestOf(utf8('other'))}`)).manifests, []);
  assertError(await client.send('GET', 'referrers/x'), 400, 'DIGEST_INVALID');
});

for (const [what, count, more] of [
  ['of which much is told', 20, { annotations: { text: 'x'.repeat(200_000) } }],
  ['of which much is read', 10, { unknown: 'x'.repeat(3_000_000) }],
] as const) {
  test(`many large referrers ${what} come in pages`, async () => {
    const client = fresh();
    const subject = { mediaType: mediaTypes.ociManifest, digest: missing, size: 5 };
    const config = await client.pushBlob(utf8('{}'), mediaTypes.ociEmpty);
    const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: [] };
    for (let i = 0; i < count; i++) {
      const bytes = json({ ...manifest, subject, ...more, i });
      assert.equal((await client.putManifest(digestOf(bytes), bytes)).status, 201);
    }
    const digests = new Set<string>();
    let pages = 0;
    for (let path: string | undefined = `referrers/${missing}`; path; pages++) {
      const answer = await client.send('GET', path);
      for (const { digest } of JSON.parse(answer.body.toString()).manifests) digests.add(digest);
      path = /^<(.+)>; rel="next"$/.exec(answer.headers.link ?? '')?.[1];
    }
    assert.equal(digests.size, count);
    assert.ok(pages > 1);
  });
}
