import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Digest, digestOf, utf8 } from '../../base/index.ts';
import { mediaTypes } from '../../oci/index.ts';
import { parseStagingRepository } from '../zones.ts';
import { verifyImage } from './integrity.ts';

const repository = parseStagingRepository('staging/acme/app');

/** A repository as its registry holds it, and blobs as their store holds them. */
class Shelf {
  readonly manifests = new Map<Digest, { bytes: Uint8Array; mediaType: string }>();
  readonly linked = new Set<Digest>();
  readonly bytes = new Map<Digest, Uint8Array>();
  readonly measured: Digest[] = [];
  readonly images = {
    manifest: async (_: string, digest: Digest) => this.manifests.get(digest),
    blobSize: async (_: string, digest: Digest) => (this.linked.has(digest) ? 1 : undefined),
  };
  readonly meter = {
    measure: async (digest: Digest) => {
      this.measured.push(digest);
      const bytes = this.bytes.get(digest);
      return bytes && { digest: digestOf(bytes), sizeBytes: bytes.length };
    },
  };

  blob(text: string, mediaType: string) {
    const bytes = utf8(text);
    const digest = digestOf(bytes);
    this.linked.add(digest);
    this.bytes.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  }

  config = (text = '') => this.blob(`config ${text}`, mediaTypes.ociConfig);
  layer = (text = '') => this.blob(`layer ${text}`, mediaTypes.ociLayerGzip);

  put(content: object | string, mediaType: string) {
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    const bytes = utf8(text);
    const digest = digestOf(bytes);
    this.manifests.set(digest, { bytes, mediaType });
    return { mediaType, digest, size: bytes.length };
  }

  image(config: object = this.config(), layers: readonly object[] = [this.layer()]) {
    const mediaType = mediaTypes.ociManifest;
    return this.put({ schemaVersion: 2, mediaType, config, layers }, mediaType);
  }

  index(manifests: readonly object[]) {
    const mediaType = mediaTypes.ociIndex;
    return this.put({ schemaVersion: 2, mediaType, manifests }, mediaType);
  }

  verify({ digest, size }: { digest: Digest; size: number }) {
    return verifyImage({ repository, digest, sizeBytes: size }, this);
  }
}

const other = utf8('other bytes');

// biome-ignore format: a table
const refusals: readonly (readonly [what: string, code: string, make: (shelf: Shelf) => { digest: Digest; size: number }])[] = [
  ['the manifest is not there',           'CHECK_MANIFEST_MISSING',   (shelf) => without(shelf, shelf.image())],
  ['the manifest has other bytes',        'CHECK_MANIFEST_CORRUPT',   (shelf) => replaced(shelf, shelf.image())],
  ['the manifest is no manifest',         'CHECK_MANIFEST_MALFORMED', (shelf) => shelf.put('{}', mediaTypes.ociManifest)],
  ['the manifest is of another type',     'CHECK_MANIFEST_MALFORMED', (shelf) => shelf.put('{"schemaVersion":2}', 'text/plain')],
  ['the signed length is a byte more',    'CHECK_LENGTH_MISMATCH',    (shelf) => longer(shelf.image())],
  ['the signed length is a byte less',    'CHECK_LENGTH_MISMATCH',    (shelf) => longer(shelf.image(), -1)],
  ['a platform is not there',             'CHECK_PLATFORM_MISSING',   (shelf) => shelf.index([shelf.image(), without(shelf, shelf.image(shelf.config('b')))])],
  ['a platform has another length',       'CHECK_PLATFORM_LENGTH',    (shelf) => shelf.index([longer(shelf.image())])],
  ['a platform twice, once with another length', 'CHECK_PLATFORM_LENGTH', (shelf) => shelf.index([shelf.image(), longer(shelf.image())])],
  ['a platform has other bytes',          'CHECK_MANIFEST_CORRUPT',   (shelf) => shelf.index([replaced(shelf, shelf.image())])],
  ['a platform is a layer',               'CHECK_PLATFORM_KIND',      (shelf) => shelf.index([shelf.layer()])],
  ['an index is called a manifest',       'CHECK_MANIFEST_MALFORMED', (shelf) => shelf.index([{ ...shelf.index([]), mediaType: mediaTypes.ociManifest }])],
  ['indexes lie in indexes in indexes',   'CHECK_NESTED_INDEX',       (shelf) => nested(shelf, 4)],
  ['the config is not linked',            'CHECK_CONFIG_MISSING',     (shelf) => shelf.image(unlinked(shelf, shelf.config()))],
  ['the config is not on the disk',       'CHECK_CONFIG_MISSING',     (shelf) => shelf.image(gone(shelf, shelf.config()))],
  ['the config has other bytes',          'CHECK_CONFIG_CORRUPT',     (shelf) => shelf.image(damaged(shelf, shelf.config()))],
  ['the config has another length',       'CHECK_CONFIG_LENGTH',      (shelf) => shelf.image(longer(shelf.config()))],
  ['a layer is not linked',               'CHECK_LAYER_MISSING',      (shelf) => shelf.image(shelf.config(), [shelf.layer('a'), unlinked(shelf, shelf.layer())])],
  ['a layer is not on the disk',          'CHECK_LAYER_MISSING',      (shelf) => shelf.image(shelf.config(), [gone(shelf, shelf.layer())])],
  ['a layer lies at a URL',               'CHECK_LAYER_FOREIGN',      (shelf) => shelf.image(shelf.config(), [{ ...unlinked(shelf, shelf.layer()), mediaType: mediaTypes.ociForeignLayerGzip }])],
  ['a layer has other bytes',             'CHECK_LAYER_CORRUPT',      (shelf) => shelf.image(shelf.config(), [damaged(shelf, shelf.layer())])],
  ['a layer of one platform has other bytes', 'CHECK_LAYER_CORRUPT',  (shelf) => shelf.index([shelf.image(), shelf.image(shelf.config('b'), [damaged(shelf, shelf.layer('b'))])])],
  ['a layer has another length',          'CHECK_LAYER_LENGTH',       (shelf) => shelf.image(shelf.config(), [longer(shelf.layer())])],
  ['a layer twice, once with another length', 'CHECK_LAYER_LENGTH',   (shelf) => shelf.image(shelf.config(), [shelf.layer(), longer(shelf.layer())])],
  ['it has 6000 layers',                  'CHECK_TOO_MANY_PARTS',     (shelf) => shelf.index(many(6, (i) => shelf.image(shelf.config(), many(1000, (j) => shelf.layer(`${i} ${j}`)))))],
];

for (const [what, code, make] of refusals) {
  test(`refused when ${what}: ${code}`, async () => {
    const shelf = new Shelf();
    await assert.rejects(shelf.verify(make(shelf)), (error: { code: string; message: string }) => {
      assert.equal(error.code, code);
      assert.doesNotMatch(error.message, /[{}]/);
      return true;
    });
  });
}

test('an image is all its manifests and blobs, each once', async () => {
  const shelf = new Shelf();
  const shared = shelf.layer('shared');
  const a = shelf.image(shelf.config('a'), [shared, shelf.layer('a')]);
  const b = shelf.image(shelf.config('b'), [shared, shelf.layer('b'), shared]);
  const index = shelf.index([a, b, a]);
  const { manifests, blobs } = await shelf.verify(index);
  assert.deepEqual(
    manifests.map(({ digest }) => digest),
    [index.digest, a.digest, b.digest],
  );
  assert.equal(blobs.length, 5);
  assert.deepEqual(shelf.measured.length, 5, 'a shared layer is read once');
});

test('a manifest without a layer, and an index without a manifest, are whole', async () => {
  const shelf = new Shelf();
  assert.equal((await shelf.verify(shelf.image(shelf.config(), []))).blobs.length, 1);
  assert.equal((await shelf.verify(shelf.index([]))).blobs.length, 0);
});

test('no blob is read when a manifest is wrong', async () => {
  const shelf = new Shelf();
  const index = shelf.index([shelf.image(), without(shelf, shelf.image(shelf.config('b')))]);
  await assert.rejects(shelf.verify(index));
  assert.deepEqual(shelf.measured, []);
});

interface Named {
  digest: Digest;
  size: number;
  mediaType: string;
}

function without(shelf: Shelf, manifest: Named): Named {
  shelf.manifests.delete(manifest.digest);
  return manifest;
}

function replaced(shelf: Shelf, manifest: Named): Named {
  shelf.manifests.set(manifest.digest, { bytes: other, mediaType: manifest.mediaType });
  return manifest;
}

function unlinked(shelf: Shelf, blob: Named): Named {
  shelf.linked.delete(blob.digest);
  return blob;
}

function gone(shelf: Shelf, blob: Named): Named {
  shelf.bytes.delete(blob.digest);
  return blob;
}

function damaged(shelf: Shelf, blob: Named): Named {
  shelf.bytes.set(blob.digest, other);
  return blob;
}

function longer(part: Named, by = 1): Named {
  return { ...part, size: part.size + by };
}

function nested(shelf: Shelf, depth: number): Named {
  return depth === 0 ? shelf.image() : shelf.index([nested(shelf, depth - 1)]);
}

function many<T>(count: number, make: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i));
}
