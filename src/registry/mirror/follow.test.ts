import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  connectionFailure,
  MemoryUpstream,
  mirrorOf,
} from '../../../test/support/memory-upstream.ts';
import { RegistryClient } from '../../../test/support/registry-client.ts';
import { startRegistry } from '../../../test/support/registry-server.ts';
import { StoreError } from '../../base/index.ts';
import { mediaTypes, parseRepositoryName, parseTag } from '../../oci/index.ts';
import { parseNamePattern } from '../index.ts';
import { follow } from './follow.ts';

const repository = parseRepositoryName('mirror/hub/library/app');

async function world(t: TestContext, more: Parameters<typeof mirrorOf>[1] = {}) {
  const upstream = new MemoryUpstream();
  const server = await startRegistry({ mirrors: [mirrorOf(upstream, more)] });
  t.after(() => server[Symbol.asyncDispose]());
  const failures: string[] = [];
  const stop = new AbortController();
  return {
    ...{ upstream, failures, stop, client: new RegistryClient(server.origin, repository) },
    round: (pattern = '**') => {
      const tags = parseNamePattern(pattern) ?? assert.fail();
      const failed = (name: string) => failures.push(name);
      const { views, index } = server;
      return follow([{ repository, tags }], { views, index, failed }, stop.signal);
    },
  };
}

test('everything that a tag leads to is here when the upstream is not', async (t) => {
  const { upstream, client, round } = await world(t);
  const [one, two] = [upstream.push('one', 'first layer'), upstream.push('two', 'second layer')];
  const manifests = [one.descriptor, two.descriptor];
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests };
  const { digest } = upstream.pushManifest('v1', index, mediaTypes.ociIndex);
  const signature = upstream.push('sig', 'signature', {
    subject: { mediaType: mediaTypes.ociIndex, digest, size: JSON.stringify(index).length },
  });
  for (const tag of ['one', 'two', 'sig']) upstream.tagged.delete(tag);
  upstream.referring.set(digest, [signature.digest]);
  assert.deepEqual(await round(), { tags: 1, blobs: 4, bytes: 34, failed: 0 });
  upstream.failsWith = connectionFailure();
  for (const path of [
    ...['manifests/v1', `referrers/${digest}`],
    ...[one, two, signature].map((image) => `manifests/${image.digest}`),
    ...[one, two, signature].map(({ layer }) => `blobs/${layer}`),
  ]) {
    assert.equal((await client.send('GET', path)).status, 200, path);
  }
});

test('only tags that fit are followed, and what is here is not fetched again', async (t) => {
  const { upstream, round } = await world(t);
  upstream.push('3.20', 'wanted');
  const other = upstream.push('edge', 'not wanted');
  assert.deepEqual(await round('3.*'), { tags: 1, blobs: 2, bytes: 8, failed: 0 });
  assert.ok(!upstream.asked.some((asked) => asked.includes(other.digest)));
  upstream.asked.length = 0;
  assert.deepEqual(await round('3.*'), { tags: 1, blobs: 0, bytes: 0, failed: 0 });
  assert.deepEqual(upstream.asked, []);
});

test('what cannot be fetched is told, the rest is, and the next round mends it', async (t) => {
  const { upstream, round, failures } = await world(t);
  const { layer } = upstream.push('a', 'is not there');
  upstream.push('b', 'is there');
  const bytes = upstream.blobs.get(layer) ?? assert.fail();
  upstream.blobs.delete(layer);
  const { tags, failed } = await round();
  assert.deepEqual([tags, failed, failures], [1, 1, [`${repository}:a`]]);
  upstream.blobs.set(layer, bytes);
  assert.deepEqual(await round(), { tags: 2, blobs: 1, bytes: bytes.length, failed: 0 });
});

test('an upstream that is away is told of, and nothing is lost', async (t) => {
  const { upstream, round, failures } = await world(t);
  upstream.push('a', 'layer');
  upstream.failsWith = connectionFailure();
  assert.deepEqual(await round(), { tags: 0, blobs: 0, bytes: 0, failed: 1 });
  assert.deepEqual(failures, [repository]);
});

test('an upstream that has too many requests ends the round, and is told of once', async (t) => {
  const { upstream, round, failures } = await world(t);
  for (const tag of ['a', 'b', 'c']) upstream.push(tag, tag);
  upstream.send = () => {
    throw new StoreError('REMOTE_STATUS', 'busy', { status: 429, retryAfterSeconds: 30 });
  };
  assert.deepEqual(await round(), { tags: 0, blobs: 0, bytes: 0, failed: 1 });
  assert.deepEqual(failures, [repository]);
  assert.ok(upstream.asked.every((asked) => !asked.endsWith(' b')));
});

test('what is not signed is not followed', async (t) => {
  const signed = new Map();
  const { upstream, round } = await world(t, { trust: { signedTags: async () => signed } });
  const { digest } = upstream.push('signed', 'good');
  const moved = upstream.push('signed', 'moved after it was signed');
  const plain = upstream.push('plain', 'nobody signed');
  signed.set(parseTag('signed'), digest);
  assert.deepEqual(await round(), { tags: 1, blobs: 2, bytes: 6, failed: 0 });
  for (const unsigned of [moved, plain]) {
    assert.ok(!upstream.asked.some((asked) => asked.includes(unsigned.digest)));
  }
});

test('the signal ends the round', async (t) => {
  const { upstream, round, stop } = await world(t);
  for (const tag of ['a', 'b', 'c']) upstream.push(tag, `layer of ${tag}`);
  upstream.send = async function* (bytes) {
    stop.abort();
    yield bytes;
  };
  await assert.rejects(round(), { name: 'AbortError' });
  assert.equal(upstream.asked.filter((asked) => asked.includes(' blob ')).length, 1);
});
