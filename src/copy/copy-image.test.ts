import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryRepository, type Part } from '../../test/support/memory-repository.ts';
import { type Digest, digestOf, hexOf, parseDigest, utf8 } from '../base/index.ts';
import { mediaTypes, parseTag, type Reference } from '../oci/index.ts';
import { type CopyRequest, copyImage } from './index.ts';

const v1 = parseTag('v1');
const nobody = { planned: () => {}, sent: () => {}, arrived: () => {} };
const linux = (architecture: string, variant?: string) => {
  return { platform: { os: 'linux', architecture, variant } };
};
const cosignTag = ({ digest }: Part, ending: string) =>
  parseTag(`sha256-${hexOf(digest)}.${ending}`);

function copy(
  source: MemoryRepository,
  destination: MemoryRepository,
  options: Partial<CopyRequest> = {},
) {
  const request = { source, destination, reference: v1, tag: v1, attached: true, watch: nobody };
  return copyImage({ ...request, ...options });
}

/** An index of two platforms with an SBOM, its signature and a signature of the index. */
function signedIndex() {
  const source = new MemoryRepository();
  const [amd, arm] = [source.image('amd'), source.image('arm')];
  const index = source.index([
    { ...amd, ...linux('amd64') },
    { ...arm, ...linux('arm64', 'v8') },
  ]);
  source.tag('v1', index);
  const sbom = source.image('sbom', { artifactType: 'application/spdx+json', subject: amd });
  const signature = source.image('signature of the sbom');
  source.tag(cosignTag(sbom, 'sig'), signature);
  const sealed = source.image('signature of the index');
  source.tag(cosignTag(index, 'sig'), sealed);
  source.image('somebody else, of something else', { subject: signature, note: 1 });
  return { source, index, amd, arm, sbom, signature, sealed };
}

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

const limits = { manifests: 100, requests: 2_000, bytes: 1024 * 1024, depth: 10 };

interface Hostile {
  readonly source: MemoryRepository;
  readonly layer: Part;
  readonly amd: Part;
  readonly index: Part;
}

/** What a source may do, and the one code it ends with. */
const hostile: readonly [what: string, code: string, spoil: (at: Hostile) => void][] = [
  [
    'other bytes',
    'COPY_DIGEST_MISMATCH',
    ({ source, layer }) => void source.blobs.set(layer.digest, utf8('LAYER')),
  ],
  [
    'a blob cut short',
    'COPY_SIZE_MISMATCH',
    ({ source, layer }) => void source.blobs.set(layer.digest, utf8('laye')),
  ],
  [
    'a byte more',
    'COPY_SIZE_MISMATCH',
    ({ source, layer }) => void source.blobs.set(layer.digest, utf8('layer!')),
  ],
  [
    'a blob without end',
    'COPY_SIZE_MISMATCH',
    ({ source }) => {
      source.openBlob = async () => endless();
    },
  ],
  ['no blob', 'COPY_BLOB_MISSING', ({ source, layer }) => void source.blobs.delete(layer.digest)],
  [
    'no manifest of a platform',
    'COPY_MANIFEST_MISSING',
    ({ source, amd }) => void source.manifests.delete(amd.digest),
  ],
  [
    'another manifest',
    'COPY_DIGEST_MISMATCH',
    ({ source, amd }) => swap(source, amd, source.image('other')),
  ],
  ['nothing', 'COPY_NOT_FOUND', ({ source }) => source.tags.clear()],
  [
    'a manifest with another size',
    'COPY_SIZE_MISMATCH',
    ({ source, amd }) => source.tag('v1', source.index([{ ...amd, size: amd.size + 1 }])),
  ],
  [
    'one layer with two sizes',
    'COPY_SIZE_MISMATCH',
    ({ source, layer }) =>
      source.tag('v1', source.image('', { layers: [layer, { ...layer, size: 6 }] })),
  ],
  [
    'a manifest called an index',
    'OCI_MEDIA_TYPE_MISMATCH',
    ({ source, amd }) =>
      source.tag('v1', source.index([{ ...amd, mediaType: mediaTypes.ociIndex }])),
  ],
  [
    'something that is both',
    'OCI_MANIFEST_AMBIGUOUS',
    ({ source, amd }) => source.tag('v1', source.image('', { manifests: [amd] })),
  ],
  [
    'a thousand and one platforms',
    'OCI_MANIFEST_TOO_MANY_DESCRIPTORS',
    ({ source, amd }) => source.tag('v1', source.index(Array(1_001).fill(amd))),
  ],
  [
    'indexes in indexes',
    'COPY_TOO_MUCH',
    ({ source, index }) => {
      let top = index;
      for (let i = 0; i < 20; i++) top = source.index([top]);
      source.tag('v1', top);
    },
  ],
  [
    'a signature of every signature',
    'COPY_TOO_MUCH',
    ({ source }) => {
      const { manifest } = source;
      source.manifest = async (reference: Reference) =>
        reference.endsWith('.sig') ? freshManifest() : manifest.call(source, reference);
    },
  ],
  [
    'more bytes than are kept',
    'COPY_TOO_MUCH',
    ({ source, amd }) =>
      source.tag('v1', source.index([amd], { annotations: { long: 'x'.repeat(limits.bytes) } })),
  ],
  [
    'names of referrers that are not there',
    'COPY_TOO_MUCH',
    ({ source }) => {
      source.referrers = async () =>
        Array.from({ length: 3_000 }, (_, i) =>
          parseDigest(`sha256:${String(i).padStart(64, '0')}`),
        );
    },
  ],
  [
    'referrers without end',
    'COPY_TOO_MUCH',
    ({ source }) => {
      const fresh = new Map(
        Array.from({ length: 101 }, () => {
          const made = freshManifest();
          return [digestOf(made.bytes), made] as const;
        }),
      );
      const { manifest } = source;
      source.referrers = async (subject) => [...(subject === subjectOfFresh ? fresh.keys() : [])];
      source.manifest = async (reference: Reference) =>
        fresh.get(reference as Digest) ?? manifest.call(source, reference);
      source.tag('v1', { digest: subjectOfFresh });
      source.manifests.set(subjectOfFresh, { bytes: freshSubject, mediaType: mediaTypes.ociIndex });
    },
  ],
];

for (const [what, code, spoil] of hostile) {
  test(`a source that sends ${what} is refused, and nothing has a name at the destination`, async () => {
    const source = new MemoryRepository();
    const layer = source.blob('layer');
    const amd = source.image('amd', { layers: [layer] });
    const index = source.index([{ ...amd, ...linux('amd64') }]);
    source.tag('v1', index);
    spoil({ source, layer, amd, index });
    const destination = new MemoryRepository();
    await assert.rejects(copy(source, destination, { limits }), { code });
    assert.deepEqual([...destination.tags, ...destination.manifests.keys()], []);
    for (const [digest, bytes] of destination.blobs) assert.equal(digestOf(bytes), digest);
  });
}

const platforms: readonly [wanted: string, has: string[], chosen: string | undefined][] = [
  ['linux/arm', ['linux/arm/v6', 'linux/arm/v7'], undefined],
  ['linux/arm/v7', ['linux/arm/v6', 'linux/arm/v7'], 'linux/arm/v7'],
  ['linux/arm', ['linux/arm', 'linux/arm/v7'], 'linux/arm'],
  ['linux/arm64', ['linux/amd64', 'linux/arm64/v8'], 'linux/arm64/v8'],
  ['linux/s390x', ['linux/amd64'], undefined],
];

for (const [wanted, has, chosen] of platforms) {
  test(`--platform ${wanted} of ${has} is ${chosen ?? 'refused'}`, async () => {
    const source = new MemoryRepository();
    const images = has.map((name) => [name, source.image(name)] as const);
    const described = images.map(([name, image]) => {
      const [, architecture = '', variant] = name.split('/');
      return { ...image, ...linux(architecture, variant) };
    });
    source.tag('v1', source.index(described));
    const copied = copy(source, new MemoryRepository(), { platform: wanted });
    if (chosen === undefined) return assert.rejects(copied, { code: 'COPY_PLATFORM' });
    assert.equal((await copied).digest, new Map(images).get(chosen)?.digest);
  });
}

test('an image in no index must be for the platform that is asked for', async () => {
  const source = new MemoryRepository();
  const config = source.blob(
    JSON.stringify({
      os: 'linux',
      architecture: 'arm64',
      variant: 'v8',
      rootfs: { type: 'layers', diff_ids: [] },
    }),
    mediaTypes.ociConfig,
  );
  const image = source.image('arm', { config });
  source.tag('v1', image);
  for (const platform of ['linux/arm64', 'linux/arm64/v8']) {
    const copied = await copy(source, new MemoryRepository(), { platform });
    assert.equal(copied.digest, image.digest);
  }
  for (const platform of ['linux/amd64', 'linux/arm', 'linux/arm64/v9']) {
    const copied = copy(source, new MemoryRepository(), { platform });
    await assert.rejects(copied, { code: 'COPY_PLATFORM' });
  }
  source.blobs.set(config.digest, utf8('{}'));
  const lied = copy(source, new MemoryRepository(), { platform: 'linux/arm64' });
  await assert.rejects(lied, { code: 'COPY_SIZE_MISMATCH' });
});

let made = 0;
const freshSubject = utf8(
  JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] }),
);
const subjectOfFresh = digestOf(freshSubject);

/** A manifest that was never seen before, about {@link subjectOfFresh}. */
function freshManifest() {
  const mediaType = mediaTypes.ociIndex;
  const subject = { mediaType, digest: subjectOfFresh, size: freshSubject.length };
  const annotations = { n: String(made++) };
  const bytes = utf8(
    JSON.stringify({ schemaVersion: 2, mediaType, manifests: [], subject, annotations }),
  );
  return { bytes, mediaType };
}

function swap(source: MemoryRepository, one: Part, other: Part): void {
  const manifest = source.manifests.get(other.digest);
  if (manifest) source.manifests.set(one.digest, manifest);
}

async function* endless(): AsyncGenerator<Uint8Array> {
  for (;;) yield utf8('x');
}
