import assert from 'node:assert/strict';
import { type Digest, digestOf } from '../../src/base/index.ts';
import { parseTag } from '../../src/oci/index.ts';
import { pushManifest, type TagGuard } from '../../src/registry/index.ts';
import {
  all,
  app,
  type Contract,
  config,
  imageManifest,
  indexOf,
  layer,
  now,
  other,
  push,
  pushImage,
  v1,
} from './registry-index-world.ts';

/** What a RegistryIndex must do: what is deleted or moved, and what refuses it. */
export function changeContracts(contract: Contract): void {
  contract('what is needed cannot be deleted, what is not can', async (index) => {
    const child = await pushImage(index, app, 'v1');
    const parent = indexOf([child]);
    await push(index, app, 'all', parent);
    const inUse = { code: 'REGISTRY_IN_USE' };
    await assert.rejects(index.unlinkBlob(app, digestOf(layer)), inUse);
    await assert.rejects(index.deleteManifest(app, digestOf(child), now), inUse);
    assert.deepEqual(await index.indexesNeeding(app, digestOf(child)), [digestOf(parent)]);
    assert.deepEqual(await index.indexesNeeding(app, digestOf(parent)), []);
    assert.deepEqual(await index.indexesNeeding(other, digestOf(child)), []);
    await index.deleteManifest(app, digestOf(parent), now);
    assert.deepEqual(await index.indexesNeeding(app, digestOf(child)), []);
    await index.deleteManifest(app, digestOf(child), now);
    assert.equal(await index.resolveTag(app, v1), undefined);
    await index.unlinkBlob(app, digestOf(layer));
    await index.unlinkBlob(app, digestOf(config));
    return {};
  });

  contract('a manifest deleted in one repository stays in another', async (index) => {
    const bytes = await pushImage(index, app, 'v1');
    await pushImage(index, other, 'v1');
    await index.deleteManifest(app, digestOf(bytes), now);
    assert.equal((await index.manifest(other, v1))?.digest, digestOf(bytes));
    assert.equal(await index.manifest(app, digestOf(bytes)), undefined);
    return { blobs: 4, manifests: 1, linked: 1, references: 2, tags: 1 };
  });

  contract('what is not there cannot be deleted', async (index) => {
    const digest = digestOf(layer);
    await assert.rejects(index.unlinkBlob(app, digest), { code: 'REGISTRY_BLOB_UNKNOWN' });
    await assert.rejects(index.deleteManifest(app, digest, now), {
      code: 'REGISTRY_MANIFEST_UNKNOWN',
    });
    await assert.rejects(index.deleteTag(app, v1), { code: 'REGISTRY_MANIFEST_UNKNOWN' });
    return {};
  });

  contract('a tag is set only on what the repository has', async (index) => {
    const bytes = await pushImage(index, app, undefined);
    await index.setTag(app, v1, digestOf(bytes), now);
    assert.equal(await index.resolveTag(app, v1), digestOf(bytes));
    await assert.rejects(index.setTag(other, v1, digestOf(bytes), now), {
      code: 'REGISTRY_MANIFEST_UNKNOWN',
    });
    await index.deleteTag(app, v1);
    assert.ok(await index.manifest(app, digestOf(bytes)));
    return { blobs: 2, manifests: 1, linked: 1, references: 2 };
  });

  contract('a change is made only when its precondition holds', async (index) => {
    const found: (Digest | undefined)[] = [];
    const asking = (answer: boolean) => (current: Digest | undefined) => {
      found.push(current);
      return answer;
    };
    const failed = { code: 'REGISTRY_PRECONDITION' };
    const first = await pushImage(index, app, 'v1');
    const bytes = imageManifest('second');
    const put = { repository: app, reference: v1, bytes, mediaType: undefined };
    await assert.rejects(pushManifest(index, { ...put, precondition: asking(false) }, now), failed);
    assert.equal(await index.resolveTag(app, v1), digestOf(first));
    await pushManifest(index, { ...put, precondition: asking(true) }, now);
    await assert.rejects(index.deleteTag(app, v1, asking(false)), failed);
    await index.deleteTag(app, v1, asking(true));
    await pushManifest(index, { ...put, precondition: asking(true) }, now);
    const [before, after] = [digestOf(first), digestOf(bytes)];
    assert.deepEqual(found, [before, before, after, after, undefined]);
    return { blobs: 2, manifests: 2, linked: 2, references: 4, tags: 1 };
  });

  contract(
    'a guard is asked for each tag that leads somewhere, before anything changes',
    async (index) => {
      const first = digestOf(await pushImage(index, app, 'v1'));
      await index.setTag(app, parseTag('v2'), first, now);
      const bytes = imageManifest('second');
      const put = { repository: app, reference: v1, bytes, mediaType: undefined };
      const asked: unknown[] = [];
      const refuse: TagGuard = (...question) => {
        asked.push(question);
        throw new Error('no');
      };
      await assert.rejects(pushManifest(index, { ...put, guard: refuse }, now), /no/);
      await assert.rejects(index.deleteTag(app, v1, undefined, refuse), /no/);
      await assert.rejects(index.deleteManifest(app, first, now, refuse), /no/);
      assert.deepEqual(asked, [
        [v1, first, digestOf(bytes)],
        [v1, first, undefined],
        [v1, first, undefined],
      ]);
      assert.deepEqual(await index.tags(app, all), ['v1', 'v2']);
      assert.equal(await index.resolveTag(app, v1), first);
      const put3 = { ...put, reference: parseTag('v3'), guard: refuse };
      await pushManifest(index, put3, now);
      assert.equal(asked.length, 3);
      return { blobs: 2, manifests: 2, linked: 2, references: 4, tags: 3 };
    },
  );

  contract('two writers at once do not undo each other', async (index) => {
    const tags = Array.from({ length: 8 }, (_, i) => `t${i}`);
    await Promise.all(tags.map((tag) => pushImage(index, app, tag, tag)));
    assert.deepEqual(await index.tags(app, all), tags);
    return { blobs: 2, manifests: 8, linked: 8, references: 16, tags: 8 };
  });
}
