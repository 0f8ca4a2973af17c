import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { layerOf, type TestLayer } from '../../../test/support/image-builder.ts';
import { runs } from '../../../test/support/property-runs.ts';
import { reviewOf, rulesOf, sound } from '../../../test/support/reviewed-image.ts';
import { tarOf } from '../../../test/support/tar-writer.ts';
import { digestOf, utf8 } from '../../base/index.ts';
import { defaultPolicy, type ReviewPolicy } from './policy.ts';

const pem = `-----BEGIN RSA PRIVATE KEY-----\n${'MIIEpAIBAAKCAQEA'.repeat(10)}\n-----END RSA PRIVATE KEY-----\n`;

const goodLayer = layerOf(tarOf({ name: 'bin/su', mode: 0o4755 }));

/** One row: a layer nobody should unpack, the rule that notices, and the code behind it. */
const broken: [what: string, layer: TestLayer, rule: string, code: string][] = [
  [
    'no tar archive',
    layerOf(Buffer.from('x'.repeat(2000))),
    'HYGIENE_LAYER_MALFORMED',
    'OCI_TAR_CHECKSUM',
  ],
  [
    'a path out of the image',
    layerOf(tarOf({ name: '../etc/passwd' })),
    'HYGIENE_LAYER_MALFORMED',
    'OCI_TAR_PATH_TRAVERSAL',
  ],
  [
    'an absolute path',
    layerOf(tarOf({ name: '/etc/passwd' })),
    'HYGIENE_LAYER_MALFORMED',
    'OCI_TAR_PATH_TRAVERSAL',
  ],
  [
    'an absurd size',
    layerOf(tarOf({ name: 'a', size: 2 ** 33 - 1 })),
    'HYGIENE_LAYER_MALFORMED',
    'OCI_TAR_TRUNCATED',
  ],
  [
    'a negative size',
    layerOf(tarOf({ name: 'a', raw: new Map([[124, Buffer.alloc(12, 0xff)]]) })),
    'HYGIENE_LAYER_MALFORMED',
    'OCI_TAR_SIZE',
  ],
  [
    'a whiteout of nothing',
    layerOf(tarOf({ name: 'a/.wh..' })),
    'HYGIENE_LAYER_MALFORMED',
    'OCI_WHITEOUT_INVALID',
  ],
  [
    'broken gzip',
    layerOf(
      tarOf({ name: 'a' }),
      gzipSync(tarOf({ name: 'a', content: randomBytes(2000) })).subarray(0, 500),
    ),
    'HYGIENE_LAYER_MALFORMED',
    'REVIEW_LAYER_CORRUPT',
  ],
  [
    'another compression',
    layerOf(tarOf({ name: 'a' }), Buffer.from('BZh91AY&SY')),
    'HYGIENE_LAYER_MALFORMED',
    'REVIEW_LAYER_ENCODING',
  ],
  ['a gzip bomb', layerOf(new Uint8Array(0), bomb()), 'HYGIENE_LAYER_BOMB', 'REVIEW_LAYER_BOMB'],
  [
    'other content than the configuration names',
    { ...layerOf(tarOf({ name: 'a' })), diffId: `sha256:${'0'.repeat(64)}` },
    'HYGIENE_LAYER_MISMATCH',
    'unpacks to',
  ],
];

function bomb(): Uint8Array {
  return gzipSync(Buffer.concat([tarOf({ name: 'a', content: Buffer.alloc(150 * 1024 * 1024) })]));
}

for (const [what, layer, rule, code] of broken) {
  test(`a layer with ${what} is ${rule}, and the other layers are still looked at`, async () => {
    const found = await reviewOf({ ...sound, layers: [layer, goodLayer] });
    const [finding] = found.findings;
    assert.deepEqual([finding?.rule, finding?.blocks], [rule, true]);
    assert.ok(finding?.detail.includes(code), finding?.detail);
    assert.ok(rulesOf(found).includes('HYGIENE_SETUID'));
    assert.equal(found.refusal?.code, 'REVIEW_LAYER_UNREADABLE');
  });
}

test('a layer by zstd, or without compression, is looked at as well', async () => {
  const tar = tarOf({ name: 'su', mode: 0o4755 });
  for (const stored of [tar, zstdCompressSync(tar)]) {
    assert.deepEqual(rulesOf(await reviewOf({ ...sound, layers: [layerOf(tar, stored)] })), [
      'HYGIENE_SETUID',
      'PACKAGES_NOT_FOUND',
    ]);
  }
});

test('a configuration that cannot be read blocks, and the layers are looked at', async () => {
  for (const configBytes of [utf8('{'), utf8('{"config":{"User":"app","user":"root"}}')]) {
    const found = await reviewOf({
      ...sound,
      configBytes,
      layers: [[{ name: 'k', content: pem }]],
    });
    assert.deepEqual(rulesOf(found).slice(0, 2), ['HYGIENE_CONFIG_MALFORMED', 'SECRET_IN_LAYER']);
    assert.equal(found.refusal?.code, 'REVIEW_LAYER_UNREADABLE');
  }
});

test('what is no image is refused', async () => {
  const layer = {
    bytes: utf8('chart'),
    diffId: digestOf(utf8('chart')),
    mediaType: 'application/vnd.cncf.helm.chart.content.v1.tar+gzip',
  };
  const found = await reviewOf({
    configType: 'application/vnd.cncf.helm.config.v1+json',
    layers: [layer],
  });
  assert.deepEqual(rulesOf(found).slice(0, 2), ['HYGIENE_CONFIG_MALFORMED', 'HYGIENE_LAYER_TYPE']);
});

test('a configuration with fewer layers than the manifest blocks', async () => {
  const found = await reviewOf({ ...sound, top: { rootfs: { type: 'layers', diff_ids: [] } } });
  assert.equal(found.findings[0]?.rule, 'HYGIENE_LAYER_MISMATCH');
});

test('an image with more in it than can be looked at blocks', async () => {
  const many = Array.from({ length: 30 }, (_, i) => ({ name: `f${i}` }));
  const withLimits = (limits: Partial<ReviewPolicy['limits']>) => ({
    policy: { ...defaultPolicy, limits: { ...defaultPolicy.limits, ...limits } },
  });
  for (const limits of [{ entries: 20 }, { totalBytes: 5000 }]) {
    const found = await reviewOf(
      { ...sound, layers: [many.slice(0, 15), many, many] },
      withLimits(limits),
    );
    assert.ok(
      rulesOf(found).includes('HYGIENE_LAYER_LIMIT') ||
        rulesOf(found).includes('HYGIENE_LAYER_BOMB'),
    );
    assert.equal(found.refusal?.code, 'REVIEW_LAYER_UNREADABLE');
  }
});

test('whatever bytes a layer is made of, the image gets a review', async () => {
  const tar = tarOf(
    { name: 'etc/os-release', content: 'ID=debian\n' },
    { name: 'var/lib/dpkg/status', content: 'Package: a\nVersion: 1\n' },
    { name: '.wh.a' },
    { name: 'b', type: '2', link: 'b' },
  );
  const change = fc.tuple(fc.nat({ max: tar.length - 1 }), fc.nat({ max: 255 }));
  await fc.assert(
    fc.asyncProperty(
      fc.array(change, { maxLength: 5 }),
      fc.boolean(),
      async (changes, compressed) => {
        const bytes = Buffer.from(tar);
        for (const [at, byte] of changes) bytes[at] = byte;
        const stored = compressed ? gzipSync(bytes) : bytes;
        const found = await reviewOf({ ...sound, layers: [layerOf(bytes, stored)] });
        assert.ok(found.findings.length > 0);
      },
    ),
    { numRuns: runs.numRuns / 2 },
  );
});
