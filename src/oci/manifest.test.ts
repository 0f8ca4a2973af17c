import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/support/property-runs.ts';
import { digestOf, isStoreError, utf8 } from '../base/index.ts';
import { manifestLimitBytes, mediaTypes, parseManifest } from './index.ts';

const hex = '0123456789abcdef'.repeat(4);
const blob = (mediaType: string, size = 7) => ({ mediaType, digest: `sha256:${hex}`, size });

const docker = {
  schemaVersion: 2,
  mediaType: mediaTypes.dockerManifest,
  config: blob(mediaTypes.dockerConfig),
  layers: [blob(mediaTypes.dockerLayerGzip, 100)],
};
const oci = {
  schemaVersion: 2,
  mediaType: mediaTypes.ociManifest,
  config: blob(mediaTypes.ociConfig),
  layers: [blob(mediaTypes.ociLayerZstd), blob(mediaTypes.ociLayer)],
  annotations: { 'org.opencontainers.image.title': 'x', Title: 'y', title: 'z' },
};
const index = {
  schemaVersion: 2,
  mediaType: mediaTypes.ociIndex,
  manifests: [
    {
      ...blob(mediaTypes.ociManifest),
      platform: { os: 'linux', architecture: 'arm64', variant: 'v8' },
    },
    {
      ...blob(mediaTypes.ociManifest),
      platform: { os: 'windows', architecture: 'amd64', 'os.version': '10' },
    },
  ],
};
const list = { ...index, mediaType: mediaTypes.dockerList };
const { mediaType: _, ...untypedOci } = oci;
const { mediaType: __, ...untypedDocker } = docker;

const bytesOf = (value: unknown) => utf8(JSON.stringify(value));

test('all four formats are read, and their bytes kept as they are', () => {
  for (const document of [docker, oci, list, index]) {
    const bytes = utf8(JSON.stringify(document, undefined, 3));
    const manifest = parseManifest(bytes, document.mediaType);
    assert.equal(manifest.bytes, bytes);
    assert.equal(manifest.digest, digestOf(bytes));
    assert.equal(manifest.mediaType, document.mediaType);
    assert.deepEqual(parseManifest(bytes), manifest);
  }
});

test('descriptors hold what the document says', () => {
  const manifest = parseManifest(bytesOf(oci));
  assert.equal(manifest.kind, 'manifest');
  assert.deepEqual(
    manifest.kind === 'manifest' &&
      manifest.layers.map((layer) => [layer.mediaType, layer.sizeBytes]),
    [
      [mediaTypes.ociLayerZstd, 7],
      [mediaTypes.ociLayer, 7],
    ],
  );
  assert.equal(manifest.annotations.size, 3);
  const list = parseManifest(bytesOf(index));
  assert.deepEqual(list.kind === 'index' && list.manifests.map((entry) => entry.platform), [
    { os: 'linux', architecture: 'arm64', variant: 'v8', osVersion: undefined },
    { os: 'windows', architecture: 'amd64', variant: undefined, osVersion: '10' },
  ]);
});

test('subject and artifact type are read', () => {
  const artifact = {
    ...oci,
    artifactType: 'application/vnd.example+json',
    subject: blob(mediaTypes.ociManifest),
  };
  const manifest = parseManifest(bytesOf(artifact));
  assert.equal(manifest.artifactType, 'application/vnd.example+json');
  assert.equal(manifest.subject?.digest, `sha256:${hex}`);
});

test('OCI may leave the type out, null stands for an empty list, unknown members are welcome', () => {
  assert.equal(parseManifest(bytesOf(untypedOci), mediaTypes.ociManifest).kind, 'manifest');
  assert.equal(parseManifest(bytesOf({ ...oci, layers: null, newInOci3: [{}] })).kind, 'manifest');
  assert.equal(parseManifest(bytesOf({ ...oci, artifactType: '' })).artifactType, undefined);
});

type Row = [sentence: string, document: unknown, mediaType: string | undefined, code: string];
const refused: Row[] = [
  ['another type than declared', oci, mediaTypes.dockerManifest, 'OCI_MEDIA_TYPE_MISMATCH'],
  ['an index declared a manifest', index, mediaTypes.ociManifest, 'OCI_MEDIA_TYPE_MISMATCH'],
  ['Docker without its type', untypedDocker, mediaTypes.dockerManifest, 'OCI_MEDIA_TYPE_MISMATCH'],
  ['no type anywhere', untypedOci, undefined, 'OCI_MEDIA_TYPE_UNSUPPORTED'],
  [
    'JSON of another kind',
    { ...oci, mediaType: 'application/json' },
    undefined,
    'OCI_MEDIA_TYPE_UNSUPPORTED',
  ],
  [
    'a type that breaks headers',
    { ...oci, mediaType: 'a/b\r\nx: y' },
    undefined,
    'OCI_MANIFEST_INVALID',
  ],
  ['schema 1', { schemaVersion: 1, fsLayers: [] }, undefined, 'OCI_MANIFEST_SCHEMA1'],
  [
    'schema 1 by its type',
    oci,
    'application/vnd.docker.distribution.manifest.v1+prettyjws',
    'OCI_MANIFEST_SCHEMA1',
  ],
  [
    'schema 1 declared as 2',
    { ...docker, schemaVersion: 1 },
    mediaTypes.dockerManifest,
    'OCI_MANIFEST_SCHEMA1',
  ],
  ['another schema version', { ...oci, schemaVersion: 3 }, undefined, 'OCI_MANIFEST_INVALID'],
  ['the version as text', { ...oci, schemaVersion: '2' }, undefined, 'OCI_MANIFEST_INVALID'],
  [
    'both kinds at once',
    { ...oci, manifests: index.manifests },
    undefined,
    'OCI_MANIFEST_AMBIGUOUS',
  ],
  ['an index with layers', { ...index, layers: oci.layers }, undefined, 'OCI_MANIFEST_AMBIGUOUS'],
  ['an index with a config', { ...list, config: oci.config }, undefined, 'OCI_MANIFEST_AMBIGUOUS'],
  ['schema 1 beside schema 2', { ...docker, fsLayers: [] }, undefined, 'OCI_MANIFEST_AMBIGUOUS'],
  ['a second spelling of layers', { ...oci, Layers: [] }, undefined, 'OCI_MANIFEST_AMBIGUOUS'],
  [
    'layers in capitals only',
    { ...untypedOci, LAYERS: [] },
    mediaTypes.ociManifest,
    'OCI_MANIFEST_AMBIGUOUS',
  ],
  [
    'a long s in digests',
    { ...oci, config: { ...oci.config, digeſt: 'x' } },
    undefined,
    'OCI_MANIFEST_AMBIGUOUS',
  ],
  [
    'a platform in capitals',
    { ...index, manifests: [{ ...blob('a/b'), platform: { OS: 'x' } }] },
    undefined,
    'OCI_MANIFEST_AMBIGUOUS',
  ],
  ['no config', { ...oci, config: undefined }, undefined, 'OCI_MANIFEST_INVALID'],
  ['no layers', { ...oci, layers: undefined }, undefined, 'OCI_MANIFEST_INVALID'],
  ['layers that are no list', { ...oci, layers: {} }, undefined, 'OCI_MANIFEST_INVALID'],
  ['a layer that is no object', { ...oci, layers: [7] }, undefined, 'OCI_MANIFEST_INVALID'],
  [
    'a size as text',
    { ...oci, config: blob('a/b', '7' as never) },
    undefined,
    'OCI_MANIFEST_INVALID',
  ],
  ['a negative size', { ...oci, config: blob('a/b', -1) }, undefined, 'OCI_MANIFEST_INVALID'],
  ['a fraction of a byte', { ...oci, config: blob('a/b', 0.5) }, undefined, 'OCI_MANIFEST_INVALID'],
  ['a size past 2^53', { ...oci, config: blob('a/b', 2 ** 53) }, undefined, 'OCI_MANIFEST_INVALID'],
  [
    'another hash',
    { ...oci, config: { ...oci.config, digest: `sha1:${hex.slice(24)}` } },
    undefined,
    'OCI_MANIFEST_INVALID',
  ],
  [
    'a digest that is a path',
    { ...oci, config: { ...oci.config, digest: 'sha256:../../x' } },
    undefined,
    'OCI_MANIFEST_INVALID',
  ],
  [
    'a thousand and one layers',
    { ...oci, layers: Array(1001).fill(oci.config) },
    undefined,
    'OCI_MANIFEST_TOO_MANY_DESCRIPTORS',
  ],
  [
    'a thousand and one urls',
    { ...oci, config: { ...oci.config, urls: Array(1001).fill('x') } },
    undefined,
    'OCI_MANIFEST_TOO_MANY_DESCRIPTORS',
  ],
  [
    'an annotation that is a number',
    { ...oci, annotations: { a: 1 } },
    undefined,
    'OCI_MANIFEST_INVALID',
  ],
];
for (const [sentence, document, mediaType, code] of refused) {
  test(`refused: ${sentence}`, () => {
    assert.throws(() => parseManifest(bytesOf(document), mediaType), { code });
  });
}

const raw: [sentence: string, bytes: Uint8Array | string, code: string][] = [
  ['nothing', '', 'OCI_MANIFEST_INVALID'],
  ['a list', '[]', 'OCI_MANIFEST_INVALID'],
  ['null', 'null', 'OCI_MANIFEST_INVALID'],
  ['text after the document', `${JSON.stringify(oci)}{}`, 'OCI_MANIFEST_INVALID'],
  ['bytes that are not UTF-8', Uint8Array.of(0x7b, 0xff, 0x7d), 'OCI_MANIFEST_INVALID'],
  ['a byte order mark', `\uFEFF${JSON.stringify(oci)}`, 'OCI_MANIFEST_INVALID'],
  ['lists in lists', '['.repeat(100_000), 'OCI_MANIFEST_INVALID'],
  ['4 MiB and a byte', new Uint8Array(manifestLimitBytes + 1).fill(0x20), 'OCI_MANIFEST_TOO_LARGE'],
  [
    'layers twice',
    JSON.stringify(oci).replace('"layers"', '"layers":[],"layers"'),
    'OCI_MANIFEST_AMBIGUOUS',
  ],
  [
    'layers twice, once escaped',
    JSON.stringify(oci).replace('"layers"', '"l\\u0061yers" : [],"layers"'),
    'OCI_MANIFEST_AMBIGUOUS',
  ],
  [
    'a digest twice',
    JSON.stringify(oci).replace('"digest"', '"digest":"","digest"'),
    'OCI_MANIFEST_AMBIGUOUS',
  ],
];
for (const [sentence, bytes, code] of raw) {
  test(`refused: ${sentence}`, () => {
    const document = typeof bytes === 'string' ? utf8(bytes) : bytes;
    assert.throws(() => parseManifest(document, mediaTypes.ociManifest), { code });
  });
}

test('names from a stranger do not reach the prototype', () => {
  const text = JSON.stringify(oci).replace('"Title"', '"__proto__"');
  const manifest = parseManifest(utf8(text));
  assert.equal(manifest.annotations.get('__proto__'), 'y');
  assert.equal(({} as Record<string, unknown>)['org.opencontainers.image.title'], undefined);
});

test('any JSON is a manifest or one named refusal', () => {
  const types = fc.constantFrom(undefined, ...Object.values(mediaTypes), 'x/y');
  fc.assert(
    fc.property(
      fc.json(),
      fc.dictionary(fc.constantFrom(...Object.keys({ ...oci, ...index, x: 1 })), fc.jsonValue()),
      types,
      (text, document, type) => {
        for (const bytes of [utf8(text), bytesOf(document), bytesOf({ ...oci, ...document })]) {
          try {
            assert.equal(parseManifest(bytes, type).digest, digestOf(bytes));
          } catch (error) {
            assert.ok(isStoreError(error) && error.code.startsWith('OCI_'), String(error));
          }
        }
      },
    ),
    runs,
  );
});

test('no member can come twice, wherever it stands', () => {
  fc.assert(
    fc.property(
      fc.jsonValue(),
      fc.string(),
      fc.constantFrom('', ' ', '\n\t '),
      (value, name, blank) => {
        const quoted = JSON.stringify(name);
        const twice = `{${quoted}${blank}:${JSON.stringify(value)},"x":{},${quoted}:1}`;
        const text = JSON.stringify({ ...oci, extension: 0 }).replace(
          '"extension":0',
          () => `"extension":[${twice}]`,
        );
        if (name === 'x') return;
        assert.throws(() => parseManifest(utf8(text)), { code: 'OCI_MANIFEST_AMBIGUOUS' });
      },
    ),
    runs,
  );
});
