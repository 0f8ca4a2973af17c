import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  connectionFailure,
  MemoryUpstream,
  mirrorOf,
} from '../../../test/support/memory-upstream.ts';
import { assertError, RegistryClient } from '../../../test/support/registry-client.ts';
import { startRegistry } from '../../../test/support/registry-server.ts';
import { digestOf, hexOf, utf8 } from '../../base/index.ts';
import { mediaTypes } from '../../oci/index.ts';
import { collectionOfMirrors, defaultCollection } from '../../registry/index.ts';

/** A registry of ours that mirrors one in memory; its clock stands still until it is moved. */
async function world(t: TestContext, more: Parameters<typeof mirrorOf>[1] = {}) {
  const upstream = new MemoryUpstream();
  let now = new Date('2026-11-21T12:00:00Z');
  const server = await startRegistry({
    mirrors: [mirrorOf(upstream, more)],
    clock: () => now,
  });
  t.after(() => server[Symbol.asyncDispose]());
  return {
    ...{ upstream, server, client: new RegistryClient(server.origin, 'mirror/hub/library/app') },
    pass: (ms: number) => {
      now = new Date(now.getTime() + ms);
    },
    /** What the upstream was asked since the last time. */
    asked: () => upstream.asked.splice(0),
  };
}

const large = new Uint8Array(300_000).fill(7);
const minute = 60_000;

test('what is not here is fetched once, under the name of the upstream, and kept', async (t) => {
  const { upstream, client, asked, server } = await world(t);
  const { digest, layer } = upstream.push('v1', large);
  for (const round of [1, 2]) {
    const manifest = await client.send('GET', 'manifests/v1');
    assert.equal(manifest.status, 200, manifest.body.toString());
    assert.equal(manifest.headers['docker-content-digest'], digest);
    assert.equal(manifest.headers['content-type'], mediaTypes.ociManifest);
    const head = await client.send('HEAD', `blobs/${layer}`);
    assert.equal(Number(head.headers['content-length']), large.length);
    assert.equal((await client.send('GET', `manifests/${digest}`)).status, 200);
    const blob = await client.send('GET', `blobs/${layer}`);
    assert.ok(blob.body.equals(large));
    const once = [
      'HEAD library/app v1',
      `GET library/app ${digest}`,
      `GET library/app blob ${layer}`,
    ];
    assert.deepEqual(asked(), round === 1 ? once : []);
  }
  assert.deepEqual(await server.files(), [`blobs/sha256/${layer.slice(7, 9)}/${layer.slice(7)}`]);
});

test('many who ask for one blob at once get it from one transfer', async (t) => {
  const { upstream, client, asked } = await world(t);
  const { layer } = upstream.push('v1', large);
  await client.send('GET', 'manifests/v1');
  asked();
  upstream.send = inPieces(30_000);
  const answers = await Promise.all(
    Array.from({ length: 5 }, async (_, at) => {
      await sleep(at * 10);
      return client.send('GET', `blobs/${layer}`);
    }),
  );
  for (const { status, body } of answers) assert.ok(status === 200 && body.equals(large));
  assert.deepEqual(asked(), [`GET library/app blob ${layer}`]);
});

test('a range of a blob is answered when the whole is here', async (t) => {
  const { upstream, client } = await world(t);
  const { layer } = upstream.push('v1', 'the layer');
  await client.send('GET', 'manifests/v1');
  const headers = { range: 'bytes=4-6' };
  const answer = await client.send('GET', `blobs/${layer}`, { headers });
  assert.deepEqual([answer.status, answer.body.toString()], [206, 'lay']);
});

test('a tag is asked for again when its time is up, and followed where it went', async (t) => {
  const { upstream, client, asked, pass } = await world(t);
  const first = upstream.push('v1', 'one');
  await client.send('GET', 'manifests/v1');
  const second = upstream.push('v1', 'two');
  const leadsTo = async () =>
    (await client.send('HEAD', 'manifests/v1')).headers['docker-content-digest'];
  assert.equal(await leadsTo(), first.digest);
  pass(minute);
  asked();
  assert.equal(await leadsTo(), second.digest);
  assert.deepEqual(asked(), ['HEAD library/app v1', `GET library/app ${second.digest}`]);
  pass(minute);
  assert.equal(await leadsTo(), second.digest);
  assert.deepEqual(asked(), ['HEAD library/app v1']);
  upstream.tagged.delete('v1');
  pass(minute);
  assertError(await client.send('GET', 'manifests/v1'), 404, 'MANIFEST_UNKNOWN');
});

test('while the upstream is away, what was kept is there, and the rest is not known to be absent', async (t) => {
  const { upstream, client, asked, pass } = await world(t);
  const { digest, layer } = upstream.push('v1', 'one');
  const later = upstream.push('v2', 'two');
  for (const path of ['manifests/v1', `blobs/${layer}`]) await client.send('GET', path);
  pass(minute);
  upstream.failsWith = connectionFailure();
  assert.equal((await client.send('GET', 'manifests/v1')).headers['docker-content-digest'], digest);
  assert.equal((await client.send('GET', `blobs/${layer}`)).body.toString(), 'one');
  assert.deepEqual(JSON.parse((await client.send('GET', 'tags/list')).body.toString()).tags, [
    'v1',
  ]);
  for (const path of ['manifests/v2', `manifests/${later.digest}`]) {
    const answer = await client.send('GET', path);
    assertError(answer, 502, 'UNAVAILABLE');
    assert.match(answer.body.toString(), /upstream\.example.*REGISTRY_UPSTREAM/);
  }
  assert.equal(asked().length, 4, 'it is let alone for a moment');
  upstream.failsWith = undefined;
  pass(minute);
  assert.equal((await client.send('GET', 'manifests/v2')).status, 200);
});

test('the list of tags is that of the upstream, a page at a time', async (t) => {
  const { upstream, client, asked } = await world(t);
  for (const tag of ['b', 'c', 'a', 'not a tag']) upstream.push(tag, tag);
  const list = async (query: string) =>
    JSON.parse((await client.send('GET', `tags/list${query}`)).body.toString()).tags;
  assert.deepEqual(await list(''), ['a', 'b', 'c']);
  assert.deepEqual(await list('?n=1&last=a'), ['b']);
  assert.deepEqual(asked(), ['tags library/app']);
});

// biome-ignore format: a table
const lies: readonly [what: string, send: (bytes: Uint8Array) => AsyncIterable<Uint8Array>][] = [
  ['other bytes of that size',     (bytes) => inPieces(30_000)(bytes.map((byte) => byte ^ 1))],
  ['bytes without end',            () => endless()],
  ['too few bytes',                (bytes) => inPieces(30_000)(bytes.subarray(1))],
  ['one byte too many',            (bytes) => inPieces(30_000)(new Uint8Array([...bytes, 7]))],
  ['nothing',                      () => inPieces(1)(new Uint8Array())],
  ['half, and then an error',      (bytes) => broken(bytes.subarray(0, 150_000))],
];

for (const [what, send] of lies) {
  test(`an upstream that sends ${what} for a blob: nobody has it whole, and nothing is kept`, async (t) => {
    const { upstream, client, server, pass } = await world(t);
    const { layer } = upstream.push('v1', large);
    await client.send('GET', 'manifests/v1');
    upstream.send = send;
    const outcome = await client.send('GET', `blobs/${layer}`).then(
      ({ status }) => status,
      (error) => error.code,
    );
    assert.ok(outcome === 502 || outcome === 'ECONNRESET', String(outcome));
    assert.deepEqual(await server.files(), []);
    upstream.send = inPieces(30_000);
    pass(minute);
    assert.ok((await client.send('GET', `blobs/${layer}`)).body.equals(large));
  });
}

test('a blob is fetched only when a manifest here needs it, and never because others have it', async (t) => {
  const { upstream, client, asked, server } = await world(t);
  const secret = new RegistryClient(server.origin, 'acme/secret');
  const { digest } = await secret.pushBlob(utf8('secret'));
  const stray = utf8('stray');
  upstream.blobs.set(digestOf(stray), stray);
  assertError(await client.send('GET', `blobs/${digest}`), 404, 'BLOB_UNKNOWN');
  assertError(await client.send('GET', `blobs/${digestOf(stray)}`), 404, 'BLOB_UNKNOWN');
  assert.deepEqual(asked(), []);
  // A manifest that names it gives nobody what the upstream has not.
  const layer = { mediaType: mediaTypes.ociLayer, digest, size: 6 };
  upstream.push('v1', 'own', { layers: [layer] });
  await client.send('GET', 'manifests/v1');
  assertError(await client.send('GET', `blobs/${digest}`), 404, 'BLOB_UNKNOWN');
});

const manifestLies: readonly [what: string, tell: (upstream: MemoryUpstream) => void][] = [
  [
    'another manifest than its tag names',
    (upstream) => {
      const [a, b] = [upstream.push('v1', 'one').digest, upstream.push('v2', 'two').digest];
      upstream.manifests.set(a, upstream.manifests.get(b) ?? assert.fail());
    },
  ],
  ['something that is no manifest', (upstream) => upstream.pushManifest('v1', [], 'text/html')],
  [
    'a manifest under another media type',
    (upstream) => {
      const { digest } = upstream.push('v1', 'one');
      const { bytes } = upstream.manifests.get(digest) ?? assert.fail();
      upstream.manifests.set(digest, { bytes, mediaType: mediaTypes.ociIndex });
    },
  ],
];

for (const [what, tell] of manifestLies) {
  test(`an upstream that sends ${what} is refused, and nothing is kept`, async (t) => {
    const { upstream, client, server } = await world(t);
    tell(upstream);
    assertError(await client.send('GET', 'manifests/v1'), 502, 'UNAVAILABLE');
    assert.equal((await server.index.repositories({ after: undefined, limit: 9 })).length, 0);
  });
}

test('of two sizes that manifests say, the one counts that the blob has', async (t) => {
  const { upstream, client, pass } = await world(t);
  const { layer } = upstream.push('v1', 'one');
  pass(1);
  upstream.push('v2', 'two', {
    layers: [{ mediaType: mediaTypes.ociLayer, digest: layer, size: 9 }],
  });
  for (const tag of ['v1', 'v2']) await client.send('GET', `manifests/${tag}`);
  assert.equal((await client.send('GET', `blobs/${layer}`)).body.toString(), 'one');
});

test('what nobody asks for goes when its time is up, and what is asked for stays', async () => {
  const upstream = new MemoryUpstream();
  const rule = mirrorOf(upstream);
  let now = Date.now();
  const collect = collectionOfMirrors(defaultCollection, [rule]);
  await using server = await startRegistry({
    ...{ mirrors: [rule], collect, clock: () => new Date(now) },
  });
  const client = new RegistryClient(server.origin, 'mirror/hub/library/app');
  const own = new RegistryClient(server.origin, 'mirror/own');
  const layers = new Map(['v1', 'v2'].map((tag) => [tag, upstream.push(tag, tag).layer]));
  await own.pushImage('v1');
  for (const [tag, layer] of layers) {
    for (const path of [`manifests/${tag}`, `blobs/${layer}`]) await client.send('GET', path);
  }
  for (let day = 0; day < 40; day += 10) {
    now += 10 * 86_400_000;
    await client.send('HEAD', 'manifests/v1');
  }
  const kept = () => server.files().then((files) => files.join(' '));
  for (let i = 0; (await kept()).includes(hexOf(layers.get('v2') ?? assert.fail())); i++) {
    assert.ok(i < 500, 'it goes');
    await sleep(20);
  }
  assert.ok((await kept()).includes(hexOf(layers.get('v1') ?? assert.fail())));
  upstream.failsWith = connectionFailure();
  assert.equal((await client.send('GET', 'manifests/v1')).status, 200);
  assertError(await client.send('GET', 'manifests/v2'), 502, 'UNAVAILABLE');
  assert.equal((await own.send('GET', 'manifests/v1')).status, 200);
});

test('nobody pushes into a mirror, and everybody beside it', async (t) => {
  const { client, server } = await world(t);
  const digest = digestOf(utf8('x'));
  const refused = [
    await client.send('POST', 'blobs/uploads/'),
    await client.send('POST', `blobs/uploads/?digest=${digest}`, { body: utf8('x') }),
    await client.putManifest('v1', '{}'),
  ];
  for (const answer of refused) {
    assertError(answer, 403, 'DENIED');
    assert.match(answer.body.toString(), /shows what upstream\.example has; push there/);
  }
  await new RegistryClient(server.origin, 'mirror/own').pushImage('v1');
});

test('a platform of an index is fetched when it is asked for', async (t) => {
  const { upstream, client } = await world(t);
  const { descriptor, layer } = upstream.push('amd64', 'for amd64');
  const json = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [descriptor] };
  upstream.pushManifest('multi', json, mediaTypes.ociIndex);
  const index = await client.send('GET', 'manifests/multi');
  assert.equal(index.headers['content-type'], mediaTypes.ociIndex);
  assert.equal((await client.send('GET', `manifests/${descriptor.digest}`)).status, 200);
  assert.equal((await client.send('GET', `blobs/${layer}`)).body.toString(), 'for amd64');
});

test('a repository that the upstream has not is not here, and it is not asked for ever', async (t) => {
  const { upstream, client, asked } = await world(t);
  const absent = digestOf(utf8('absent'));
  for (const path of [`manifests/${absent}`, 'manifests/none']) {
    for (let i = 0; i < 3; i++) {
      assertError(await client.send('GET', path), 404, 'MANIFEST_UNKNOWN');
    }
  }
  assert.deepEqual(asked(), [`GET library/app ${absent}`, 'HEAD library/app none']);
  upstream.tags = async () => undefined as never;
  assertError(await client.send('GET', 'tags/list'), 404, 'NAME_UNKNOWN');
});

function inPieces(length: number) {
  return async function* (bytes: Uint8Array): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += length) {
      await sleep(5);
      yield bytes.subarray(at, at + length);
    }
  };
}

async function* endless(): AsyncGenerator<Uint8Array> {
  for (;;) yield new Uint8Array(50_000);
}

async function* broken(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
  await sleep(20);
  throw connectionFailure();
}
