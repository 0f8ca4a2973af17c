import assert from 'node:assert/strict';
import { type Digest, digestOf } from '../../src/base/index.ts';
import { fallbackTagOf, mediaTypes, parseManifest } from '../../src/oci/index.ts';
import {
  all,
  app,
  type Contract,
  config,
  indexOf,
  now,
  other,
  push,
  pushImage,
} from './registry-index-world.ts';

/** What a RegistryIndex must do: lists: of tags, repositories and referrers, those under fallback tags too. */
export function listContracts(contract: Contract): void {
  contract('tags are listed in byte order, page by page', async (index) => {
    for (const tag of ['b', 'a', 'C', '1', '_', 'a.1', 'a-1']) await pushImage(index, app, tag);
    const sorted = ['1', 'C', '_', 'a', 'a-1', 'a.1', 'b'];
    assert.deepEqual(await index.tags(app, all), sorted);
    assert.deepEqual(await index.tags(app, { after: undefined, limit: 2 }), ['1', 'C']);
    assert.deepEqual(await index.tags(app, { after: 'C', limit: 3 }), ['_', 'a', 'a-1']);
    assert.deepEqual(await index.tags(app, { after: 'D', limit: 1 }), ['_']);
    assert.deepEqual(await index.tags(app, { after: 'b', limit: 1 }), []);
    assert.deepEqual(await index.tags(app, { after: undefined, limit: 0 }), []);
    assert.equal(await index.tags(other, all), undefined);
    return { blobs: 2, manifests: 1, linked: 1, references: 2, tags: 7 };
  });

  contract('repositories are listed once each, in order', async (index) => {
    await pushImage(index, app, 'v1');
    await pushImage(index, app, 'v1', 'second');
    await pushImage(index, other, 'v1');
    assert.deepEqual(await index.repositories(all), [other, app]);
    assert.deepEqual(await index.repositories({ after: other, limit: 1 }), [app]);
    return { blobs: 4, manifests: 2, linked: 3, references: 4, tags: 2 };
  });

  contract('referrers are found by subject, whether it exists or not', async (index) => {
    const subject = { mediaType: mediaTypes.ociManifest, digest: digestOf(config), size: 1 };
    const type = 'application/vnd.example';
    const one = await pushImage(index, app, undefined, 'one', { subject, artifactType: type });
    const two = await pushImage(index, app, undefined, 'two', { subject });
    const find = async (artifactType: string | undefined, after?: Digest) =>
      (await index.referrers(app, digestOf(config), { after, limit: 10, artifactType })).map(
        (stored) => stored.digest,
      );
    const sorted = [digestOf(one), digestOf(two)].sort();
    assert.deepEqual(await find(undefined), sorted);
    assert.deepEqual(await find(type), [digestOf(one)]);
    assert.deepEqual(await find(mediaTypes.ociConfig), [digestOf(two)]);
    assert.deepEqual(await find(undefined, sorted[0]), sorted.slice(1));
    assert.deepEqual(
      await index.referrers(other, digestOf(config), { ...all, artifactType: undefined }),
      [],
    );
    return { blobs: 2, manifests: 2, linked: 2, references: 4 };
  });

  contract('the list of referrers under a fallback tag is kept in step', async (index) => {
    const subject = { mediaType: mediaTypes.ociManifest, digest: digestOf(config), size: 1 };
    const tag = fallbackTagOf(subject.digest);
    const listed = async () => {
      const list = await index.manifest(app, tag);
      const parsed = list && parseManifest(list.bytes);
      return parsed?.kind === 'index' ? parsed.manifests.map(({ digest }) => digest) : undefined;
    };
    const one = await pushImage(index, app, undefined, 'one', { subject });
    assert.equal(await listed(), undefined, 'no list is made where nobody keeps one');
    const first = indexOf([one]);
    await push(index, app, tag, first);
    const two = await pushImage(index, app, undefined, 'two', { subject });
    assert.deepEqual(await listed(), [digestOf(one), digestOf(two)]);
    assert.equal(await index.manifest(app, digestOf(first)), undefined, 'the old list is gone');
    await push(index, app, undefined, two);
    assert.deepEqual(await listed(), [digestOf(one), digestOf(two)]);
    await index.deleteManifest(app, digestOf(one), now);
    assert.deepEqual(await listed(), [digestOf(two)]);
    await index.deleteManifest(app, digestOf(two), now);
    assert.equal(await listed(), undefined);
    return { blobs: 2 };
  });

  contract('a referrer is listed under a fallback tag however deep it is itself', async (index) => {
    const subject = { mediaType: mediaTypes.ociManifest, digest: digestOf(config), size: 1 };
    const tag = fallbackTagOf(subject.digest);
    await push(
      index,
      app,
      tag,
      indexOf([await pushImage(index, app, undefined, 'one', { subject })]),
    );
    let inner = await pushImage(index, app, undefined, 'inner');
    for (let level = 0; level < 2; level++) {
      inner = indexOf([inner]);
      await push(index, app, undefined, inner);
    }
    const deepest = indexOf([inner], { subject });
    await push(index, app, undefined, deepest);
    const list = parseManifest((await index.manifest(app, tag))?.bytes ?? config);
    assert.ok(
      list.kind === 'index' && list.manifests.some((each) => each.digest === digestOf(deepest)),
    );
    return { blobs: 2, manifests: 6, linked: 6, references: 9, tags: 1 };
  });

  contract(
    'what is no list of referrers outlives the fallback tag that led to it',
    async (index) => {
      const subject = { mediaType: mediaTypes.ociManifest, digest: digestOf(config), size: 1 };
      const tag = fallbackTagOf(subject.digest);
      const platforms = indexOf([await pushImage(index, app, undefined)]);
      const there = async () => (await index.manifest(app, digestOf(platforms))) !== undefined;
      await push(index, app, tag, platforms);
      await pushImage(index, app, undefined, 'referrer', { subject });
      assert.notEqual(await index.resolveTag(app, tag), digestOf(platforms));
      assert.ok(await there(), 'a referrer was added to it');
      await push(index, app, tag, platforms);
      await push(index, app, tag, indexOf([]));
      assert.ok(await there(), 'another list took its place');
      await push(index, app, tag, platforms);
      await index.deleteTag(app, tag);
      assert.ok(await there(), 'the tag is gone');
      return { blobs: 2, manifests: 4, linked: 4, references: 7 };
    },
  );

  contract('a list of referrers that is a referrer itself is left alone', async (index) => {
    const subject = { mediaType: mediaTypes.ociManifest, digest: digestOf(config), size: 1 };
    const list = indexOf([await pushImage(index, app, undefined)], { subject });
    const tag = fallbackTagOf(subject.digest);
    await push(index, app, tag, list);
    await pushImage(index, app, undefined, 'more', { subject });
    assert.equal(await index.resolveTag(app, tag), digestOf(list));
    return { blobs: 2, manifests: 3, linked: 3, references: 5, tags: 1 };
  });
}
