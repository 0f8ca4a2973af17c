import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  connectionFailure,
  MemoryUpstream,
  mirrorOf,
} from '../../../test/support/memory-upstream.ts';
import { assertError, RegistryClient } from '../../../test/support/registry-client.ts';
import { startRegistry } from '../../../test/support/registry-server.ts';
import type { Digest } from '../../base/index.ts';
import { mediaTypes, type Tag } from '../../oci/index.ts';

/** A mirror of what is signed; the test says what that is. */
async function world(t: TestContext) {
  const upstream = new MemoryUpstream();
  const signed = new Map<Tag, Digest>();
  let failure: Error | undefined;
  const trust = {
    async signedTags(name: string) {
      assert.equal(name, 'library/app');
      if (failure) throw failure;
      return signed;
    },
  };
  const server = await startRegistry({ mirrors: [mirrorOf(upstream, { trust })] });
  t.after(() => server[Symbol.asyncDispose]());
  const client = new RegistryClient(server.origin, 'mirror/hub/library/app');
  return {
    ...{ upstream, client },
    sign: (tag: string, digest: Digest) => void signed.set(tag as Tag, digest),
    revoke: () => signed.clear(),
    failWith: (error: Error) => {
      failure = error;
    },
    status: async (path: string) => (await client.send('GET', path)).status,
    list: async (path: string) => JSON.parse((await client.send('GET', path)).body.toString()),
  };
}

test('only signed tags exist, and they lead to what was signed wherever the upstream moved them', async (t) => {
  const { upstream, client, sign, status, list } = await world(t);
  const good = upstream.push('v1', 'good');
  sign('v1', good.digest);
  const bad = upstream.push('v1', 'bad');
  upstream.push('unsigned', 'unsigned');
  for (const method of ['HEAD', 'GET']) {
    const answer = await client.send(method, 'manifests/v1');
    assert.equal(answer.headers['docker-content-digest'], good.digest);
  }
  assert.equal((await client.send('GET', `blobs/${good.layer}`)).body.toString(), 'good');
  for (const path of [
    'manifests/unsigned',
    `manifests/${bad.digest}`,
    `blobs/${bad.layer}`,
    'manifests/none',
  ]) {
    assert.equal(await status(path), 404, path);
  }
  assert.deepEqual((await list('tags/list')).tags, ['v1']);
  assert.deepEqual((await list('/v2/_catalog')).repositories, ['mirror/hub/library/app']);
  assert.ok(!upstream.asked.some((question) => question.includes(bad.digest)), 'it is not fetched');
});

test('a signed tag is listed before anybody pulled it, and what it holds is found by digest', async (t) => {
  const { upstream, client, sign, status, list } = await world(t);
  const { descriptor, layer } = upstream.push('amd64', 'for amd64');
  const json = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [descriptor] };
  sign('multi', upstream.pushManifest('multi', json, mediaTypes.ociIndex).digest);
  assert.deepEqual((await list('tags/list')).tags, ['multi']);
  assert.equal(await status('manifests/amd64'), 404);
  assert.equal(await status(`manifests/${descriptor.digest}`), 200);
  assert.equal((await client.send('GET', `blobs/${layer}`)).body.toString(), 'for amd64');
});

test('what is revoked or expired is gone, though it is kept', async (t) => {
  const { upstream, sign, revoke, status, list } = await world(t);
  const { digest, layer } = upstream.push('v1', 'good');
  sign('v1', digest);
  const paths = ['manifests/v1', `manifests/${digest}`, `blobs/${layer}`];
  for (const path of paths) assert.equal(await status(path), 200);
  revoke();
  for (const path of paths) assert.equal(await status(path), 404);
  assert.deepEqual((await list('tags/list')).tags, []);
  assert.deepEqual((await list('/v2/_catalog')).repositories, []);
});

test('what was pulled goes on without the upstream', async (t) => {
  const { upstream, sign, status } = await world(t);
  const { digest, layer } = upstream.push('v1', 'good');
  sign('v1', digest);
  const paths = ['manifests/v1', `manifests/${digest}`, `blobs/${layer}`];
  for (const path of paths) assert.equal(await status(path), 200);
  upstream.failsWith = connectionFailure();
  for (const path of paths) assert.equal(await status(path), 200);
});

test('when nothing can be known of what is signed, nothing is shown, and it is said why', async (t) => {
  const { client, failWith, list } = await world(t);
  failWith(connectionFailure());
  for (const path of ['manifests/v1', 'tags/list']) {
    assertError(await client.send('GET', path), 502, 'UNAVAILABLE');
  }
  assert.deepEqual((await list('/v2/_catalog')).repositories, []);
});

test("a cosign signature of a signed image is seen with it, another image's is not", async (t) => {
  const { upstream, sign, status } = await world(t);
  const good = upstream.push('v1', 'good');
  const bad = upstream.push('v2', 'bad');
  const tagOf = (digest: Digest) => `${digest.replace(':', '-')}.sig`;
  for (const { digest } of [good, bad]) upstream.push(tagOf(digest), `signature of ${digest}`);
  sign('v1', good.digest);
  assert.equal(await status(`manifests/${tagOf(good.digest)}`), 200);
  assert.equal(await status(`manifests/${tagOf(bad.digest)}`), 404);
});

for (const listsReferrers of [true, false]) {
  test(`referrers of what is signed are seen, by the upstream's ${listsReferrers ? 'list' : 'tag'}`, async (t) => {
    const { upstream, sign, list } = await world(t);
    const artifactType = 'application/vnd.sbom';
    const pushed = ['v1', 'v2'].map((tag) => {
      const image = upstream.push(tag, tag);
      const about = { artifactType, subject: image.descriptor };
      const sbom = upstream.push(`sbom-of-${tag}`, `sbom of ${tag}`, about);
      upstream.referring.set(image.digest, [sbom.digest]);
      const json = {
        schemaVersion: 2,
        mediaType: mediaTypes.ociIndex,
        manifests: [sbom.descriptor],
      };
      upstream.pushManifest(image.digest.replace(':', '-'), json, mediaTypes.ociIndex);
      return { image, sbom };
    });
    upstream.listsReferrers = listsReferrers;
    const [good, bad] = pushed;
    assert.ok(good && bad);
    sign('v1', good.image.digest);
    const seen = async (digest: Digest) =>
      (await list(`referrers/${digest}`)).manifests.map((one: { digest: string }) => one.digest);
    assert.deepEqual(await seen(good.image.digest), [good.sbom.digest]);
    assert.deepEqual(await seen(bad.image.digest), []);
    upstream.failsWith = connectionFailure();
    assert.deepEqual(await seen(good.image.digest), [good.sbom.digest]);
  });
}
