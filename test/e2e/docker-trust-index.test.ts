/**
 * An image of several platforms: its index is signed as an index, where it is, and what of it is signed is
 * told platform by platform. docker and notary read the same digest.
 */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { digestOf, hexOf, utf8 } from '../../src/base/index.ts';
import { mediaTypes } from '../../src/oci/index.ts';
import { succeeded } from '../support/command.ts';
import { runOwn } from '../support/own-program.ts';
import { type ReferencePair, startReferencePair } from '../support/peers-reference.ts';
import { RegistryClient } from '../support/registry-client.ts';
import { TrustPerson } from '../support/trust-person.ts';

let pair: ReferencePair;
let registry: RegistryClient;
let paula: TrustPerson;
let name: string;
before(async () => {
  pair = await startReferencePair();
  registry = new RegistryClient(`http://${pair.registry}`, 'app/multi');
  name = `${pair.registry}/app/multi`;
  paula = new TrustPerson({ url: pair.trustServer, certificateFile: pair.certificateFile });
  await paula.ours('key', 'generate', 'jeff', '--dir', paula.folder);
  await paula.ours('signer', 'add', '--key', join(paula.folder, 'jeff.pub'), 'jeff', name);
});
after(async () => {
  paula?.[Symbol.dispose]();
  await pair?.[Symbol.asyncDispose]();
});

async function pushBlob(bytes: Uint8Array, mediaType: string) {
  const digest = digestOf(bytes);
  const place = new URL(await registry.begin(), `http://${pair.registry}`);
  place.searchParams.set('digest', digest);
  const pushed = await registry.send('PUT', `${place.pathname}${place.search}`, { body: bytes });
  assert.equal(pushed.status, 201, String(pushed.body));
  return { mediaType, digest, size: bytes.length };
}

async function pushManifest(reference: string, manifest: object): Promise<Uint8Array> {
  const bytes = utf8(JSON.stringify(manifest));
  const { mediaType } = manifest as { mediaType: string };
  const headers = { 'content-type': mediaType };
  const pushed = await registry.send('PUT', `manifests/${reference}`, { body: bytes, headers });
  assert.equal(pushed.status, 201, String(pushed.body));
  return bytes;
}

/** An image for one platform, by digest. @returns its descriptor in an index */
async function pushPlatform(platform: { os: string; architecture: string; variant?: string }) {
  const config = utf8(JSON.stringify({ ...platform, rootfs: { type: 'layers', diff_ids: [] } }));
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: await pushBlob(config, mediaTypes.ociConfig),
    layers: [await pushBlob(utf8(`layer of ${platform.architecture}`), mediaTypes.ociLayer)],
  };
  const digest = digestOf(utf8(JSON.stringify(manifest)));
  const bytes = await pushManifest(digest, manifest);
  return { mediaType: mediaTypes.ociManifest, digest, size: bytes.length, platform };
}

test('an index is signed as an index, and inspect names its platforms', async () => {
  const platforms = [
    { os: 'linux', architecture: 'amd64' },
    { os: 'linux', architecture: 'arm', variant: 'v7' },
  ];
  const manifests = [];
  for (const platform of platforms) manifests.push(await pushPlatform(platform));
  // As buildx adds it: a provenance, which is no platform.
  manifests.push(await pushPlatform({ os: 'unknown', architecture: 'unknown' }));
  const mediaType = mediaTypes.ociIndex;
  const bytes = await pushManifest('v1', { schemaVersion: 2, mediaType, manifests });
  const digest = digestOf(bytes);

  const signed = await paula.runOurs(['sign', '--remote', `${name}:v1`]);
  assert.equal(signed.code, 0, signed.stderr);
  assert.match(
    signed.stderr,
    new RegExp(`${digest} under .*, an index of linux/amd64, linux/arm/v7`),
  );
  const listed = await paula.notary('list', name, '-r', 'targets/releases');
  assert.match(listed, new RegExp(`^v1\\s+${hexOf(digest)}\\s+${bytes.length}\\s`, 'm'));

  const [shown] = JSON.parse(await paula.ours('inspect', '--platforms', name));
  assert.deepEqual(shown.SignedTags, [
    {
      SignedTag: 'v1',
      Digest: hexOf(digest),
      Signers: ['jeff'],
      Platforms: ['linux/amd64', 'linux/arm/v7'],
    },
  ]);
  const pretty = await paula.ours('inspect', '--platforms', '--pretty', name);
  assert.match(pretty, /^v1 .* jeff +linux\/amd64, linux\/arm\/v7$/m);
  assert.doesNotMatch(await paula.ours('inspect', name), /Platforms/);
});

test('doctor verifies every platform', async () => {
  const { steps } = JSON.parse(await paula.ours('doctor', '--deep', '--json', `${name}:v1`));
  const told = steps.filter(({ step }: { step: string }) => step === 'platform');
  assert.deepEqual(
    told.map(({ subject, ok }: { subject: string; ok: boolean }) => [subject, ok]).slice(0, 2),
    [
      ['linux/amd64', true],
      ['linux/arm/v7', true],
    ],
  );
});

test('a single image is signed where it is, too; what is not there is not', async () => {
  const single = await pushPlatform({ os: 'linux', architecture: 's390x' });
  const { body } = await registry.send('GET', `manifests/${single.digest}`, {
    headers: { accept: mediaTypes.ociManifest },
  });
  await pushManifest('one', JSON.parse(String(body)));
  await paula.ours('sign', '--remote', `${name}:one`);
  const [shown] = JSON.parse(await paula.ours('inspect', '--platforms', `${name}:one`));
  assert.deepEqual(shown.SignedTags[0].Platforms, []);
  const absent = await paula.runOurs(['sign', '--remote', `${name}:nope`]);
  assert.deepEqual([absent.code, /the registry has no .*:nope/.test(absent.stderr)], [1, true]);
  const both = await paula.runOurs(['sign', '--remote', '--local', `${name}:one`]);
  assert.equal(both.code, 1);
});

test('doctor refuses what the trust policy refuses, and says what it asks for', async () => {
  const policy = join(paula.trust, 'policy.yaml');
  writeFileSync(policy, `rules:\n  - name: ${pair.registry}/**\n    minimumSigners: 2\n`);
  const { code, stdout } = await paula.runOurs(['doctor', `${name}:v1`]);
  assert.equal(code, 1);
  assert.match(stdout, /^ok {4}trust policy .*\n +the rule .*\n +at least 2 signers$/m);
  assert.match(stdout, /^FAIL {2}target .*\n +CLIENT_POLICY_SIGNERS: .*\n +rule: .*\n +remedy: /m);
  const env = paula.environment();
  const { digest } = JSON.parse(
    succeeded(await runOwn(['verify', '--json', '--policy', '/dev/null', `${name}:v1`], { env }))
      .stdout,
  );
  for (const image of [`${name}:v1`, `${name}@${digest}`]) {
    const refused = await runOwn(['verify', image], { env });
    assert.deepEqual([refused.code, /CLIENT_POLICY_SIGNERS/.test(refused.stdout)], [1, true]);
  }
  rmSync(policy);
});

test('a signed tag that the registry lost is told as that', async () => {
  await paula.notary(
    'addhash',
    name,
    'lost',
    '5',
    '--sha256',
    '1'.repeat(64),
    '-r',
    'targets/releases',
    '-p',
  );
  const pretty = await paula.ours('inspect', '--platforms', '--pretty', `${name}:lost`);
  assert.match(pretty, /^lost .*not in the registry$/m);
});
