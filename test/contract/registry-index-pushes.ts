import assert from 'node:assert/strict';
import { digestOf } from '../../src/base/index.ts';
import { mediaTypes, parseTag } from '../../src/oci/index.ts';
import { pushManifest } from '../../src/registry/index.ts';
import {
  app,
  type Contract,
  config,
  imageManifest,
  indexOf,
  layer,
  now,
  other,
  plain,
  push,
  pushImage,
  v1,
} from './registry-index-world.ts';

/** What a RegistryIndex must do: a manifest on its way in. */
export function pushContracts(contract: Contract): void {
  contract('a manifest pushed by its sha512 is known by that, and by its tags', async (index) => {
    await index.linkBlob(app, digestOf(config), config.length, now);
    await index.linkBlob(app, digestOf(layer), layer.length, now);
    const bytes = imageManifest();
    const reference = digestOf(bytes, 'sha512');
    const tags = [v1, parseTag('v1.0')];
    const push = { repository: app, reference, tags, bytes, mediaType: undefined };
    assert.equal((await pushManifest(index, push, now)).digest, reference);
    for (const known of [reference, ...tags]) {
      assert.equal((await index.manifest(app, known))?.digest, reference);
    }
    assert.equal(await index.manifest(app, digestOf(bytes)), undefined);
    return { blobs: 2, manifests: 1, linked: 1, references: 2, tags: 2 };
  });

  contract('a manifest is found by tag and by digest, byte for byte', async (index) => {
    const bytes = await pushImage(index, app, 'v1');
    const digest = digestOf(bytes);
    const stored = { digest, mediaType: mediaTypes.ociManifest, sizeBytes: bytes.length, bytes };
    for (const reference of [v1, digest]) {
      assert.deepEqual(plain(await index.manifest(app, reference)), stored);
      assert.equal(await index.manifest(other, reference), undefined);
    }
    assert.equal(await index.resolveTag(app, v1), digest);
    assert.equal(await index.manifest(app, parseTag('v2')), undefined);
    return { blobs: 2, manifests: 1, linked: 1, references: 2, tags: 1 };
  });

  contract('a manifest pushed again moves its tag and nothing else', async (index) => {
    await pushImage(index, app, 'v1');
    const second = await pushImage(index, app, 'v1', 'second');
    await pushImage(index, app, 'v1', 'second');
    assert.equal(await index.resolveTag(app, v1), digestOf(second));
    return { blobs: 2, manifests: 2, linked: 2, references: 4, tags: 1 };
  });

  contract('a manifest without its blobs is not stored', async (index) => {
    await index.linkBlob(app, digestOf(config), config.length, now);
    await index.linkBlob(other, digestOf(layer), layer.length, now);
    await assert.rejects(push(index, app, 'v1', imageManifest()), {
      code: 'REGISTRY_MANIFEST_INCOMPLETE',
      detail: { repository: app, digests: [digestOf(layer)] },
    });
    return { blobs: 2 };
  });

  contract('a manifest that lies about a size is not stored', async (index) => {
    await index.linkBlob(app, digestOf(config), config.length, now);
    await index.linkBlob(app, digestOf(layer), layer.length + 1, now);
    const lie = push(index, app, 'v1', imageManifest());
    await assert.rejects(lie, { code: 'REGISTRY_SIZE_MISMATCH' });
    return { blobs: 2 };
  });

  contract('an index without its children is not stored', async (index) => {
    await pushImage(index, other, 'v1');
    await assert.rejects(push(index, app, 'v1', indexOf([imageManifest()])), {
      code: 'REGISTRY_MANIFEST_INCOMPLETE',
    });
    return { blobs: 2, manifests: 1, linked: 1, references: 2, tags: 1 };
  });

  contract('in a mirror a manifest and an index come before what they need', async (index) => {
    const [image, list] = [imageManifest(), indexOf([imageManifest()])];
    for (const bytes of [list, image]) {
      const push = { repository: app, reference: v1, bytes, mediaType: undefined, mayLack: true };
      await pushManifest(index, push, now);
    }
    assert.equal(await index.resolveTag(app, v1), digestOf(image));
    // What it says of what is there must be so all the same.
    await index.linkBlob(other, digestOf(layer), layer.length + 1, now);
    const lie = { repository: other, reference: v1, bytes: image, mediaType: undefined };
    await assert.rejects(pushManifest(index, { ...lie, mayLack: true }, now), {
      code: 'REGISTRY_SIZE_MISMATCH',
    });
    return { blobs: 1, manifests: 2, linked: 2, references: 3, tags: 1 };
  });

  contract('a layer that lies elsewhere may be absent', async (index) => {
    await index.linkBlob(app, digestOf(config), config.length, now);
    const foreign = { mediaType: mediaTypes.ociForeignLayer, urls: ['https://elsewhere/'] };
    await push(index, app, 'v1', imageManifest('', foreign));
    await index.linkImage(app, other, digestOf(imageManifest('', foreign)), now);
    return { blobs: 2, manifests: 1, linked: 2, references: 2, tags: 1 };
  });

  contract('indexes nest four levels and not five', async (index) => {
    let bytes = await pushImage(index, app, 'level1');
    for (const level of [2, 3, 4]) {
      bytes = indexOf([bytes]);
      await push(index, app, `level${level}`, bytes);
    }
    await assert.rejects(push(index, app, 'level5', indexOf([bytes])), {
      code: 'REGISTRY_TOO_DEEP',
    });
    return { blobs: 2, manifests: 4, linked: 4, references: 5, tags: 4 };
  });
}
