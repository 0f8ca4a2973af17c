import assert from 'node:assert/strict';
import { test } from 'node:test';
import { copy, linux } from '../../test/support/copy-world.ts';
import { MemoryRepository, type Part } from '../../test/support/memory-repository.ts';
import { type Digest, digestOf, parseDigest, utf8 } from '../base/index.ts';
import { mediaTypes, type Reference } from '../oci/index.ts';

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
