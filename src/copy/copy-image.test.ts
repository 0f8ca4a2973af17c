import assert from 'node:assert/strict';
import { test } from 'node:test';
import { copy, signedIndex } from '../../test/support/copy-world.ts';
import { MemoryRepository } from '../../test/support/memory-repository.ts';
import { type Digest, digestOf, utf8 } from '../base/index.ts';
import { mediaTypes, parseTag } from '../oci/index.ts';

test('an index comes with its platforms, their referrers and what cosign attached, the tag last', async () => {
  const { source, index, arm, sbom } = signedIndex();
  const destination = new MemoryRepository();
  const copied = await copy(source, destination, { tag: parseTag('mirrored') });
  assert.equal(copied.digest, index.digest);
  assert.deepEqual(destination.manifests, source.manifests);
  assert.deepEqual(destination.blobs, source.blobs);
  assert.equal(destination.log.at(-1), 'tag mirrored');
  assert.deepEqual(copied.blobs, { sent: 7, there: 0, mounted: 0, foreign: 0 });
  assert.equal(
    copied.manifests.find(({ digest }) => digest === sbom.digest)?.artifactType,
    'application/spdx+json',
  );
  assert.equal(copied.attached.length, 2);
  assert.equal(destination.tags.get(parseTag('mirrored')), index.digest);

  const again = new MemoryRepository();
  await copy(source, again, { attached: false });
  assert.deepEqual([...again.manifests.keys()].length, 3);
  const one = await copy(source, new MemoryRepository(), { platform: 'linux/arm64' });
  assert.equal(one.digest, arm.digest);
});

test('what is there is not sent again, whatever interrupted the copy', async () => {
  const { source } = signedIndex();
  for (let pieces = 0; ; pieces++) {
    const destination = new MemoryRepository();
    destination.failAfterPieces = pieces;
    const first = await copy(source, destination).catch((error) => error);
    if (!(first instanceof Error)) break;
    assert.equal(destination.tags.size, 0);
    const before = [...destination.blobs.keys()].sort();
    assert.deepEqual(
      destination.log.filter((line) => line.startsWith('blob')).length,
      before.length,
    );
    destination.failAfterPieces = Number.POSITIVE_INFINITY;
    destination.log.length = 0;
    const { blobs } = await copy(source, destination);
    assert.deepEqual([blobs.there, blobs.sent], [before.length, source.blobs.size - before.length]);
    assert.equal(destination.log.filter((line) => line.startsWith('blob')).length, blobs.sent);
    destination.log.length = 0;
    await copy(source, destination);
    assert.deepEqual(destination.log, []);
  }
});

test('bytes of any size arrive whole in pieces of any size', async () => {
  for (const size of [0, 1, 2, 3, 4, 5, 8, 9]) {
    for (const pieceBytes of [1, 2, 4, 100]) {
      const source = new MemoryRepository();
      const layers = [source.blob('x'.repeat(size))];
      source.tag('v1', source.image('sized', { layers }));
      const destination = new MemoryRepository();
      destination.pieceBytes = pieceBytes;
      await copy(source, destination);
      assert.deepEqual(destination.blobs.get(layers[0]?.digest as Digest)?.length, size);
    }
  }
});

test('a blob that the registry has elsewhere is mounted, and must have the size that is promised', async () => {
  const source = new MemoryRepository();
  const layers = [source.blob('mounted')];
  source.tag('v1', source.image('app', { layers }));
  const destination = new MemoryRepository();
  for (const { digest } of layers) destination.mountable.add(digest);
  assert.equal((await copy(source, destination)).blobs.mounted, 1);

  const other = source.blob('something longer');
  source.tag('v1', source.image('app', { layers: [other] }));
  destination.mountable.add(other.digest);
  await assert.rejects(copy(source, destination), { code: 'COPY_SIZE_MISMATCH' });
});

test('layers that lie elsewhere stay there, and their URLs are kept', async () => {
  const source = new MemoryRepository();
  const digest = digestOf(utf8('of Windows'));
  const foreign = { mediaType: mediaTypes.dockerForeignLayerGzip, digest, size: 10 };
  const layers = [{ ...foreign, urls: ['https://example.com/layer'] }];
  source.tag('v1', source.image('windows', { layers }));
  const destination = new MemoryRepository();
  const copied = await copy(source, destination);
  assert.equal(copied.blobs.foreign, 1);
  assert.deepEqual(destination.manifests, source.manifests);
  // Without URLs it is a layer like others.
  source.tag('v1', source.image('windows', { layers: [foreign] }));
  await assert.rejects(copy(source, destination), { code: 'COPY_BLOB_MISSING' });
});
