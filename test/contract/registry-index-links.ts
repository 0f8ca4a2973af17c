import assert from 'node:assert/strict';
import { digestOf, utf8 } from '../../src/base/index.ts';
import { parseRepositoryName } from '../../src/oci/index.ts';
import { keepBlob } from '../../src/registry/index.ts';
import {
  all,
  app,
  type Contract,
  config,
  indexOf,
  later,
  layer,
  now,
  other,
  plain,
  push,
  pushImage,
} from './registry-index-world.ts';

/** What a RegistryIndex must do: which repository has which blobs, and what linking an image gives another. */
export function linkContracts(contract: Contract): void {
  contract('a blob is linked by repository', async (index) => {
    await index.linkBlob(app, digestOf(layer), 7, now);
    await index.linkBlob(app, digestOf(layer), 7, later);
    assert.equal(await index.blobSize(app, digestOf(layer)), 7);
    assert.equal(await index.blobSize(other, digestOf(layer)), undefined);
    assert.equal(await index.blobSize(app, digestOf(config)), undefined);
    return { blobs: 1 };
  });

  contract(
    'a blob is kept from collection, and not when it is collected already',
    async (index) => {
      const blob = {
        digest: digestOf(layer),
        sizeBytes: 7,
        linkedAt: now,
        read: () => assert.fail(),
      };
      await assert.rejects(keepBlob(index, app, blob, later, 0), { code: 'REGISTRY_BLOB_UNKNOWN' });
      await index.linkBlob(app, digestOf(layer), 7, now);
      await keepBlob(index, app, blob, later, later.getTime() - now.getTime());
      assert.deepEqual((await index.linkedBlob(app, digestOf(layer)))?.linkedAt, now);
      await keepBlob(index, app, blob, later, 0);
      assert.deepEqual((await index.linkedBlob(app, digestOf(layer)))?.linkedAt, later);
      return { blobs: 1 };
    },
  );

  contract('who has a blob is known, by name', async (index) => {
    for (const repository of [app, other])
      await index.linkBlob(repository, digestOf(layer), 7, now);
    assert.deepEqual(await index.holders(digestOf(layer), all), [other, app]);
    assert.deepEqual(await index.holders(digestOf(layer), { after: undefined, limit: 1 }), [other]);
    assert.deepEqual(await index.holders(digestOf(layer), { after: other, limit: 9 }), [app]);
    assert.deepEqual(await index.holders(digestOf(config), all), []);
    return { blobs: 2 };
  });

  contract('what repositories below a folder hold is counted once each', async (index) => {
    const named = (text: string) => parseRepositoryName(text);
    for (const name of ['acme/app', 'acme/app/sub', 'staging/acme/app', 'acme2/app', 'acme']) {
      await index.linkBlob(named(name), digestOf(layer), 7, now);
    }
    await index.linkBlob(named('acme/other'), digestOf(config), 24, now);
    const folders = ['acme', 'staging/acme'];
    assert.equal(await index.heldBytes(folders), 31);
    assert.equal(await index.heldBytes(['acme2']), 7);
    assert.equal(await index.heldBytes(['ac']), 0);
    assert.equal(await index.heldBytes([]), 0);
    const bytes = indexOf([]);
    for (const name of ['acme/app', 'acme/other', 'acme2/app'])
      await push(index, named(name), undefined, bytes);
    assert.equal(await index.heldBytes(folders), 31 + bytes.length);
    const page = { after: 'acme/app', limit: 1 };
    assert.deepEqual(await index.manifestHolders(digestOf(bytes), page), ['acme/other']);
    return { blobs: 6, manifests: 1, linked: 3 };
  });

  contract('an image is linked whole into another repository', async (index) => {
    const child = await pushImage(index, app, 'v1');
    const second = await pushImage(index, app, 'v2', 'second');
    const parent = indexOf([child, second]);
    await push(index, app, 'all', parent);
    await index.linkImage(app, other, digestOf(parent), later);
    await index.linkImage(app, other, digestOf(parent), later);
    for (const bytes of [parent, child, second]) {
      assert.deepEqual(plain(await index.manifest(other, digestOf(bytes)))?.bytes, bytes);
    }
    for (const bytes of [config, layer]) {
      assert.equal(await index.blobSize(other, digestOf(bytes)), bytes.length);
    }
    assert.deepEqual(await index.tags(other, all), []);
    return { blobs: 4, manifests: 3, linked: 6, references: 6, tags: 3 };
  });

  contract('linking links the one image and no other', async (index) => {
    const bytes = await pushImage(index, app, 'v1');
    await pushImage(index, app, 'v2', 'second');
    await index.linkBlob(app, digestOf(utf8('stray')), 5, now);
    await index.linkImage(app, other, digestOf(bytes), later);
    return { blobs: 5, manifests: 2, linked: 3, references: 4, tags: 2 };
  });

  contract('what a repository does not have cannot be linked from it', async (index) => {
    const bytes = await pushImage(index, other, 'v1');
    await assert.rejects(index.linkImage(app, other, digestOf(bytes), now), {
      code: 'REGISTRY_MANIFEST_UNKNOWN',
    });
    await assert.rejects(index.linkImage(app, other, digestOf(layer), now), {
      code: 'REGISTRY_MANIFEST_UNKNOWN',
    });
    return { blobs: 2, manifests: 1, linked: 1, references: 2, tags: 1 };
  });
}
