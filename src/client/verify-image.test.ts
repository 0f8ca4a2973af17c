import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryMetadataCache } from '../../test/support/memory-metadata-cache.ts';
import { makeSigner, SimulatedRepository } from '../../test/support/simulated-repository.ts';
import { type Digest, digestOf, fromHex, hexOf, utf8 } from '../base/index.ts';
import { mediaTypes, parseImageReference } from '../oci/index.ts';
import { parseDelegationName, releasesRole, withSigner, withTarget } from '../tuf/index.ts';
import { gunOf, type RegistrySource, type TagRule, verifyImage } from './index.ts';

const name = 'localhost:5443/acme/app:v1';
const gun = gunOf(parseImageReference(name));
const now = new Date('2026-11-21T00:00:00Z');
const jeffRole = parseDelegationName('targets/jeff');

test('every link is told, with who signed, against what and until when', async () => {
  const { verify, jeff } = await signedImage();
  const found = await verify();
  assert.ok(found.ok, JSON.stringify(found.links));
  assert.deepEqual(
    found.links.map(({ link, subject }) => [link, subject]),
    [
      ['root', 'root'],
      ['timestamp', 'timestamp'],
      ['snapshot', 'snapshot'],
      ['targets', 'targets'],
      ['delegation', 'targets/jeff'],
      ['delegation', 'targets/releases'],
      ['target', 'v1'],
      ['manifest', found.digest],
      ['platform', 'linux/amd64'],
      ['config', digestOf(config)],
      ['layer', digestOf(layer)],
      ['platform', 'linux/arm64/v8'],
    ],
  );
  const target = found.links.find(({ link }) => link === 'target');
  assert.deepEqual(target?.by, [
    { role: 'targets/jeff', name: 'jeff', keyIds: [jeff.key.id] },
    { role: 'targets/releases', name: undefined, keyIds: [jeff.key.id] },
  ]);
  assert.equal(found.links[0]?.by[0]?.name, gun);
  assert.equal(found.until.toISOString(), '2026-12-05T00:00:00.000Z', 'the timestamp ends first');
  assert.equal(found.image, name);
});

/* What is asked for -> the digest it stands for, or the one reason. */
const questions: readonly [asked: string, answer: string][] = [
  ['localhost:5443/acme/app:v1', 'signed'],
  ['localhost:5443/acme/app:v1@SIGNED', 'signed'],
  ['localhost:5443/acme/app@SIGNED', 'signed'],
  [`localhost:5443/acme/app:v1@${digestOf(utf8('x'))}`, 'target CLIENT_DIGEST_DIFFERS'],
  [`localhost:5443/acme/app@${digestOf(utf8('x'))}`, 'target CLIENT_DIGEST_NOT_SIGNED'],
  ['localhost:5443/acme/app', 'target CLIENT_NO_TAG'],
  ['localhost:5443/acme/app:v2', 'target TUF_TARGET_UNKNOWN'],
];

for (const [asked, answer] of questions) {
  test(`${asked} is ${answer}`, async () => {
    const { verify, digest } = await signedImage();
    const found = await verify({ asked: asked.replace('SIGNED', digest) });
    assert.equal(found.ok ? 'signed' : reasonOf(found), answer);
    if (found.ok) assert.equal(found.digest, digest);
  });
}

/* jeff signed it. What a rule asks -> what comes of it, by tag and by digest. */
const rules: readonly [asked: Partial<TagRule>, answer: string][] = [
  [{ minimumSigners: 1 }, 'signed'],
  [{ minimumSigners: 2 }, 'target CLIENT_POLICY_SIGNERS'],
  [{ role: jeffRole }, 'signed'],
  [{ role: 'targets' }, 'target CLIENT_POLICY_ROLE'],
  [{ role: parseDelegationName('targets/kate') }, 'target CLIENT_POLICY_ROLE'],
];

for (const [asked, answer] of rules) {
  test(`under a rule of ${JSON.stringify(asked)} it is ${answer}`, async () => {
    const { verify, digest } = await signedImage();
    const rule = { pattern: '**', minimumSigners: 0, ...asked };
    for (const name of ['localhost:5443/acme/app:v1', `localhost:5443/acme/app@${digest}`]) {
      const found = await verify({ asked: name, rule });
      assert.equal(found.ok ? 'signed' : reasonOf(found), answer, name);
    }
  });
}

/*
 * What is wrong with the metadata -> the link that breaks, and its code. Links before it are told.
 */
const attacks: readonly [
  what: string,
  attack: (image: Awaited<ReturnType<typeof signedImage>>) => unknown,
  reason: string,
  before: number,
][] = [
  ['there is none', ({ repository }) => repository.served.clear(), 'root CLIENT_NO_TRUST_DATA', 0],
  [
    'the root is garbage',
    ({ repository }) => repository.served.set('root', utf8('{}')),
    'root TUF_MALFORMED',
    0,
  ],
  [
    'the timestamp is gone',
    ({ repository }) => repository.served.delete('timestamp'),
    'timestamp TUF_UNAVAILABLE',
    1,
  ],
  [
    'the timestamp is garbage',
    ({ repository }) => repository.served.set('timestamp', utf8('{}')),
    'timestamp TUF_MALFORMED',
    1,
  ],
  [
    'the snapshot is gone',
    ({ repository }) => drop(repository, 'snapshot'),
    'snapshot TUF_UNAVAILABLE',
    2,
  ],
  [
    'a byte of the snapshot differs',
    ({ repository }) => flip(repository, 'snapshot'),
    'snapshot TUF_HASH_MISMATCH',
    2,
  ],
  [
    'the targets are gone',
    ({ repository }) => drop(repository, 'targets'),
    'targets TUF_UNAVAILABLE',
    3,
  ],
  [
    'a byte of the targets differs',
    ({ repository }) => flip(repository, 'targets'),
    'targets TUF_HASH_MISMATCH',
    3,
  ],
  [
    'a byte of the releases differs',
    ({ repository }) => flip(repository, releasesRole),
    'delegation TUF_HASH_MISMATCH',
    4,
  ],
  [
    'the releases are signed by somebody else',
    releaseBySomebody,
    'delegation TUF_BELOW_THRESHOLD',
    5,
  ],
];

for (const [what, attack, reason, before] of attacks) {
  test(`when ${what}, the reason is ${reason}`, async () => {
    const image = await signedImage();
    await attack(image);
    const found = await image.verify();
    assert.equal(found.ok ? 'verified' : reasonOf(found), reason);
    assert.equal(found.links.filter(({ ok }) => ok).length, before);
  });
}

/* What the registry has instead -> the reason, by size alone and when every byte is read. */
const registries: readonly [
  what: string,
  registry: (digests: Parts) => Partial<RegistrySource>,
  shallow: string,
  deep: string,
][] = [
  [
    'no manifest',
    () => ({ manifest: async () => undefined }),
    'manifest CLIENT_MANIFEST_MISSING',
    'manifest CLIENT_MANIFEST_MISSING',
  ],
  [
    'another manifest of the same length',
    ({ index }) => ({ manifest: async () => ({ bytes: flipped(index), mediaType: '' }) }),
    'manifest CLIENT_DIGEST_MISMATCH',
    'manifest CLIENT_DIGEST_MISMATCH',
  ],
  [
    'a longer manifest',
    () => ({ manifest: async () => ({ bytes: new Uint8Array(5_000), mediaType: '' }) }),
    'manifest CLIENT_SIZE_MISMATCH',
    'manifest CLIENT_SIZE_MISMATCH',
  ],
  [
    'no blob',
    () => ({ blobSize: async () => undefined, measureBlob: async () => undefined }),
    'config CLIENT_BLOB_MISSING',
    'config CLIENT_BLOB_MISSING',
  ],
  [
    'blobs of another length',
    () => ({
      blobSize: async () => 1_000,
      measureBlob: async (_repository, digest) => ({ digest, sizeBytes: 1_000 }),
    }),
    'config CLIENT_SIZE_MISMATCH',
    'config CLIENT_SIZE_MISMATCH',
  ],
  [
    'blobs with other bytes',
    () => ({
      measureBlob: async (_repository, _digest, sizeBytes) => ({
        digest: digestOf(utf8('other')),
        sizeBytes,
      }),
    }),
    'verified',
    'config CLIENT_DIGEST_MISMATCH',
  ],
];

for (const [what, registry, shallow, deep] of registries) {
  test(`when the registry has ${what}, the reason is ${shallow}, or ${deep} when all is read`, async () => {
    const { verify, index } = await signedImage();
    for (const [isDeep, expected] of [
      [false, shallow],
      [true, deep],
    ] as const) {
      const found = await verify({ registry: registry({ index }), deep: isDeep });
      assert.equal(found.ok ? 'verified' : reasonOf(found), expected);
    }
  });
}

test('what is broken in the machine is thrown, not told', async () => {
  const { verify } = await signedImage();
  const registry = { manifest: () => Promise.reject(new TypeError('a mistake of ours')) };
  await assert.rejects(verify({ registry }), TypeError);
});

const config = utf8('{}');
const layer = utf8('a layer');

interface Parts {
  readonly index: Uint8Array;
}

/** An index of two platforms, the second with the config and layers of the first, signed by jeff. */
async function signedImage() {
  const manifest = json({
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: { mediaType: mediaTypes.ociConfig, digest: digestOf(config), size: config.length },
    layers: [{ mediaType: mediaTypes.ociLayer, digest: digestOf(layer), size: layer.length }],
  });
  const other = utf8(Buffer.from(manifest).toString().replace('{', '{ '));
  const index = json({
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: [
      { ...childOf(manifest), platform: { os: 'linux', architecture: 'amd64' } },
      { ...childOf(other), platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } },
    ],
  });
  const digest = digestOf(index);
  const has = new Map(
    [index, manifest, other, config, layer].map((bytes) => [digestOf(bytes), bytes]),
  );

  const repository = new SimulatedRepository(gun, now);
  const jeff = makeSigner();
  const meta = {
    sizeBytes: index.length,
    hashes: new Map([['sha256', fromHex(hexOf(digest)) as Uint8Array]]),
  };
  repository.edit('targets', now, (targets) => withSigner(targets, 'jeff', [jeff.key]));
  for (const role of [jeffRole, releasesRole]) {
    repository.signers.set(role, [jeff]);
    repository.edit(role, now, (targets) => withTarget(targets, 'v1', meta));
  }
  await repository.publish(['root', 'targets', jeffRole, releasesRole], now);

  const cache = new MemoryMetadataCache();
  const verify = (
    options: {
      asked?: string;
      registry?: Partial<RegistrySource>;
      deep?: boolean;
      rule?: TagRule;
    } = {},
  ) =>
    verifyImage({
      image: parseImageReference(options.asked ?? name),
      source: repository.source,
      registry: { ...registryOf(has), ...options.registry },
      cache,
      now,
      deep: options.deep,
      rule: options.rule,
    });
  return { repository, verify, jeff, digest, index };
}

function registryOf(has: ReadonlyMap<Digest, Uint8Array>): RegistrySource {
  return {
    async manifest(_repository, reference) {
      const bytes = has.get(reference as Digest);
      return bytes && { bytes, mediaType: '' };
    },
    blobSize: async (_repository, digest) => has.get(digest)?.length,
    async measureBlob(_repository, digest) {
      const bytes = has.get(digest);
      return bytes && { digest: digestOf(bytes), sizeBytes: bytes.length };
    },
  };
}

async function releaseBySomebody({ repository }: { repository: SimulatedRepository }) {
  repository.signers.set(releasesRole, [makeSigner()]);
  await repository.publish([releasesRole], now);
}

function drop(repository: SimulatedRepository, role: string): void {
  for (const served of repository.served.keys()) {
    if (served.startsWith(`${role}.`)) repository.served.delete(served);
  }
}

function flip(repository: SimulatedRepository, role: string): void {
  for (const [served, bytes] of repository.served) {
    if (served.startsWith(`${role}.`)) repository.served.set(served, flipped(bytes));
  }
}

function flipped(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte, i) => (i === bytes.length - 10 ? byte ^ 1 : byte));
}

function childOf(bytes: Uint8Array) {
  return { mediaType: mediaTypes.ociManifest, digest: digestOf(bytes), size: bytes.length };
}

function json(value: unknown): Uint8Array {
  return utf8(JSON.stringify(value));
}

function reasonOf(found: Awaited<ReturnType<typeof verifyImage>>): string {
  assert.ok(!found.ok);
  const last = found.links.at(-1);
  assert.deepEqual(last?.reason, found.reason);
  return `${last?.link} ${found.reason.code}`;
}
