import assert from 'node:assert/strict';
import { test } from 'node:test';
import { copy, cosignTag, v1 } from '../../test/support/copy-world.ts';
import { MemoryRepository, type Part } from '../../test/support/memory-repository.ts';
import { digestOf, hexOf, utf8 } from '../base/index.ts';
import { mediaTypes, parseTag } from '../oci/index.ts';

test('where registries list no referrers, lists under tags are read, and added to', async () => {
  const source = new MemoryRepository();
  const image = source.image('app');
  source.tag('v1', image);
  const sbom = source.image('sbom', { subject: image });
  const gone = { mediaType: mediaTypes.ociManifest, digest: digestOf(utf8('gone')), size: 4 };
  const unrelated = source.image('not about it');
  const listTag = `sha256-${hexOf(image.digest)}`;
  source.listsThem = false;
  source.tag(listTag, source.index([gone, unrelated, sbom]));

  const destination = new MemoryRepository();
  destination.listsThem = false;
  const own = destination.image('own', { subject: image });
  destination.tag(listTag, destination.index([own]));
  const copied = await copy(source, destination);
  assert.deepEqual(
    copied.manifests.map(({ digest }) => digest),
    [image.digest, sbom.digest],
  );
  const list = await destination.manifest(parseTag(listTag));
  const { manifests } = JSON.parse(Buffer.from(list?.bytes ?? []).toString());
  assert.deepEqual(
    manifests.map(({ digest }: Part) => digest),
    [own.digest, sbom.digest],
  );
  destination.log.length = 0;
  await copy(source, destination);
  assert.deepEqual(destination.log, []);

  const listing = new MemoryRepository();
  await copy(source, listing);
  assert.equal(listing.tags.has(parseTag(listTag)), false);

  destination.tag(listTag, destination.image('of somebody'));
  await assert.rejects(copy(source, destination), { code: 'COPY_ATTACHED_DIFFERS' });
});

const signatures: readonly [there: string[], here: string[], ends: string[] | undefined][] = [
  [[], ['a'], ['a']],
  [['a'], ['a', 'b'], ['a', 'b']],
  [['a', 'b'], ['a'], ['a', 'b']],
  [['a', 'c'], ['a', 'b'], undefined],
];

for (const [there, here, ends] of signatures) {
  test(`no signature is lost: ${here} to where there is ${there || 'none'}`, async () => {
    const source = new MemoryRepository();
    const destination = new MemoryRepository();
    const image = source.image('app');
    source.tag('v1', image);
    const tag = cosignTag(image, 'sig');
    const sign = (at: MemoryRepository, names: string[]) =>
      names.length > 0 &&
      at.tag(tag, at.image('signature', { layers: names.map((name) => at.blob(name)) }));
    sign(source, here);
    sign(destination, there);
    const before = destination.tags.get(tag);
    const outcome = await copy(source, destination).catch((error) => error.code);
    if (ends === undefined) {
      assert.equal(outcome, 'COPY_ATTACHED_DIFFERS');
      assert.deepEqual([destination.tags.has(v1), destination.tags.get(tag)], [false, before]);
      return;
    }
    const { layers } = JSON.parse(
      Buffer.from((await destination.manifest(tag))?.bytes ?? []).toString(),
    );
    assert.deepEqual(
      layers.map(({ digest }: Part) => digest),
      ends.map((name) => digestOf(utf8(name))),
    );
  });
}
