import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ImageBuilder, layerOf, type TestLayer } from '../../../test/support/image-builder.ts';
import { layers, reviewOf, rulesOf, run, sound } from '../../../test/support/reviewed-image.ts';
import { tarOf } from '../../../test/support/tar-writer.ts';
import { digestOf, isStoreError, utf8 } from '../../base/index.ts';
import { makeFinding } from '../../findings/index.ts';
import { defaultPolicy, type ReviewPolicy } from './policy.ts';

const pem = `-----BEGIN RSA PRIVATE KEY-----\n${'MIIEpAIBAAKCAQEA'.repeat(10)}\n-----END RSA PRIVATE KEY-----\n`;

const debian = { name: 'usr/lib/os-release', content: 'ID=debian\nVERSION_ID="12"\n' };

test('an image that is built well has nothing that blocks or needs a reason', async () => {
  const found = await reviewOf(sound);
  assert.deepEqual(rulesOf(found), ['PACKAGES_NOT_FOUND']);
  assert.deepEqual([found.refusal, found.approval], [undefined, 'manual']);
  assert.ok(found.findings.every(({ blocks, needsReason }) => !blocks && !needsReason));
});

test('every platform of an index is looked at, a layer they share is read once, attestations are not images', async () => {
  const builder = new ImageBuilder();
  const shared = layerOf(tarOf({ name: 'bin/su', mode: 0o4755 }));
  const own = (architecture: string): TestLayer =>
    layerOf(tarOf({ name: 'app', content: architecture }));
  const platform = (architecture: string) => ({
    ...builder.manifest({ ...sound, architecture, layers: [shared, own(architecture), shared] }),
    platform: { os: 'linux', architecture },
  });
  const attestation = {
    ...builder.manifest({
      layers: [
        {
          bytes: utf8('{}'),
          diffId: digestOf(utf8('{}')),
          mediaType: 'application/vnd.in-toto+json',
        },
      ],
    }),
    platform: { os: 'unknown', architecture: 'unknown' },
  };
  builder.index([platform('amd64'), platform('arm64'), attestation]);
  const found = await run(builder);
  assert.deepEqual(
    found.findings.map(({ rule, platforms }) => [rule, platforms]),
    [
      ['HYGIENE_SETUID', ['linux/amd64', 'linux/arm64']],
      ['PACKAGES_NOT_FOUND', ['linux/amd64', 'linux/arm64']],
    ],
  );
  assert.equal(builder.reads.filter((digest) => digest === digestOf(shared.bytes)).length, 1);
});

test('an index without an image is refused', async () => {
  const builder = new ImageBuilder();
  builder.index([]);
  assert.equal((await run(builder)).refusal?.code, 'REVIEW_LAYER_UNREADABLE');
});

test('a tag "latest", a large image, and the notes of the check are findings as well', async () => {
  const note = makeFinding({
    rule: 'CHECK_FIRST_ROOT',
    severity: 'note',
    title: 't',
    detail: 'd',
    remedy: 'r',
    subject: 's',
  });
  const policy = {
    ...defaultPolicy,
    rules: new Map([['CHECK_FIRST_ROOT', 'reason']]) as ReviewPolicy['rules'],
    limits: { ...defaultPolicy.limits, imageBytes: 10 },
  };
  const found = await reviewOf(sound, { tag: 'latest', notes: [note], policy });
  assert.deepEqual(rulesOf(found), [
    'HYGIENE_TOO_LARGE',
    'HYGIENE_TAG_LATEST',
    'CHECK_FIRST_ROOT',
    'PACKAGES_NOT_FOUND',
  ]);
  assert.equal(found.findings.find(({ rule }) => rule === 'CHECK_FIRST_ROOT')?.needsReason, true);
});

test('an image with countless findings has a bounded number of them, and none of the weight is lost', async () => {
  const programs = Array.from({ length: 500 }, (_, i) => ({ name: `bin/su${i}`, mode: 0o4755 }));
  const found = await reviewOf(layers(programs));
  const setuid = found.findings.filter(({ rule }) => rule === 'HYGIENE_SETUID');
  assert.equal(setuid.length, 201);
  assert.match(setuid.find(({ subject }) => subject === 'more')?.detail ?? '', /300 more/);
});

test('the same image has the same findings in every run', async () => {
  const image = layers(
    [
      { name: 'bin/su', mode: 0o4755 },
      { name: 'k', content: pem },
    ],
    [debian],
  );
  const [once, twice] = [await reviewOf(image), await reviewOf(image)];
  assert.deepEqual(once.findings, twice.findings);
  assert.deepEqual(once.report, twice.report);
  assert.equal(once.policyDigest, twice.policyDigest);
});

test('a review that is stopped stops, and a store that fails is not the image’s fault', async () => {
  const builder = new ImageBuilder();
  builder.manifest(sound);
  await assert.rejects(
    run(builder, { signal: AbortSignal.abort(new Error('stopping')) }),
    /stopping/,
  );
  builder.blobs.clear();
  await assert.rejects(run(builder), /no blob/);
  builder.manifests.clear();
  const gone = {
    manifests: [{ digest: digestOf(utf8('x')), mediaType: 'x', sizeBytes: 1 }],
    blobs: [],
  };
  await assert.rejects(
    run(builder, { content: gone }),
    (error) => isStoreError(error) && error.code === 'REVIEW_IMAGE_GONE',
  );
});

test('names in an image cannot write on a terminal', async () => {
  const found = await reviewOf(layers([{ name: 'bin/\u001b[2Jsu', mode: 0o4755 }]));
  assert.ok(!JSON.stringify(found.findings).includes('\u001b'));
  assert.match(found.findings[0]?.detail ?? '', /\\u001b/);
});
