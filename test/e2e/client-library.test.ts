import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fixedPassphrase } from '../../src/adapters/passphrase/index.ts';
import { anonymous, Remotes } from '../../src/adapters/remotes/index.ts';
import {
  KeyFolder,
  MetadataFolder,
  serializeKeyFile,
} from '../../src/adapters/trust-folder/index.ts';
import { type Digest, digestOf, Secret, utf8 } from '../../src/base/index.ts';
import {
  gunOf,
  openTrust,
  publish,
  type TrustChange,
  verifyImage,
} from '../../src/client/index.ts';
import { mediaTypes, parseImageReference, parseTag } from '../../src/oci/index.ts';
import { barePublicKey, findTarget, type Gun, listTargets, parseGun } from '../../src/tuf/index.ts';
import { plainEnvironment, runCommand, succeeded } from '../support/command.ts';
import { type ReferencePair, startReferencePair } from '../support/peers-reference.ts';

const passphrase = 'the passphrase of all keys';
let pair: ReferencePair;
let remotes: Remotes;
let folder: string;

before(async () => {
  pair = await startReferencePair();
  folder = mkdtempSync(join(tmpdir(), 'cm-client-'));
  remotes = new Remotes({
    ca: readFileSync(pair.certificateFile, 'utf8'),
    trustServer: pair.trustServer,
    credentials: anonymous,
    clock: () => new Date(),
  });
});

after(async () => {
  remotes?.[Symbol.dispose]();
  await pair?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

test('a repository that we initialise, sign and delegate in is read by notary', async () => {
  const gun = parseGun('127.0.0.1:5000/ours/app');
  const us = new Person('ours', gun);
  const first = await us.publish([target('v1', 1)]);
  assert.equal(first.initialised, true);
  assert.deepEqual(await us.notaryList(), [['v1', hexOfTarget(1), '1', 'targets']]);

  const { key } = await us.keys.create('jeff');
  await us.publish([{ kind: 'add-signer', name: 'jeff', keys: [key] }, target('v2', 2)]);
  await us.publish([target('v3', 3)]);
  assert.deepEqual(await us.notaryList('targets/releases'), [
    ['v2', hexOfTarget(2), '2', 'targets/releases'],
    ['v3', hexOfTarget(3), '3', 'targets/releases'],
  ]);
  assert.match(await us.notary('delegation', 'list', gun), /targets\/jeff\s+"" <all paths>/);
});

test('notary signs with the keys that we wrote, and we read what it signed', async () => {
  const gun = parseGun('127.0.0.1:5000/ours/keys');
  const us = new Person('keys', gun);
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const rsaKey = barePublicKey(rsa.publicKey);
  const file = await serializeKeyFile(rsa.privateKey, { role: 'ruth' }, new Secret(passphrase));
  const { key } = await us.keys.create('jeff');
  writeFileSync(join(us.folder, 'private', `${rsaKey.id}.key`), file, { mode: 0o600 });
  await us.publish([
    { kind: 'add-signer', name: 'jeff', keys: [key] },
    { kind: 'add-signer', name: 'ruth', keys: [rsaKey] },
  ]);

  const list = await us.notary('key', 'list');
  for (const role of ['root', 'targets', 'jeff', 'ruth'])
    assert.match(list, new RegExp(`^${role} `, 'm'));
  const hash = ['--sha256', hexOfTarget(7), '-p'];
  for (const role of ['targets', 'targets/jeff', 'targets/ruth']) {
    await us.notary('addhash', gun, role.replace('/', '-'), '7', '-r', role, ...hash);
  }
  const { set } = await us.open();
  const signed = [...set.targets].map(([role, { file }]) => [role, ...file.signed.targets.keys()]);
  assert.deepEqual(signed, [
    ['targets', 'targets'],
    ['targets/jeff', 'targets-jeff'],
    ['targets/ruth', 'targets-ruth'],
  ]);
});

test('we sign with the keys that notary wrote, its snapshot key included', async () => {
  const gun = parseGun('127.0.0.1:5000/theirs/app');
  const them = new Person('theirs', gun);
  await them.notary('init', gun, '-p');
  await them.notary('addhash', gun, 'v1', '1', '--sha256', hexOfTarget(1), '-p');
  await them.publish([target('v2', 2)]);
  await them.publish([{ kind: 'remove-target', name: 'v1' }]);
  assert.deepEqual(await them.notaryList(), [['v2', hexOfTarget(2), '2', 'targets']]);
});

test('a client that stayed behind follows three rotations of the root', async () => {
  const gun = parseGun('127.0.0.1:5000/theirs/rotated');
  const them = new Person('rotating', gun);
  await them.publish([target('v1', 1)]);
  const late = new Person('late', gun);
  assert.equal((await late.open()).basis, 'first-seen');
  for (let i = 0; i < 3; i++) await them.notary('key', 'rotate', gun, 'root');
  const { set, basis } = await late.open();
  assert.deepEqual([set.root.version, basis], [4, 'kept']);
  await them.publish([target('v2', 2)]);
  assert.deepEqual(
    listTargets((await late.open()).set)
      .map(({ name }) => name)
      .sort(),
    ['v1', 'v2'],
  );
});

test('a signer who was removed and added again signs on', async () => {
  const gun = parseGun('127.0.0.1:5000/ours/signers');
  const us = new Person('signers', gun);
  const { key } = await us.keys.create('jeff');
  const signer: TrustChange = { kind: 'add-signer', name: 'jeff', keys: [key] };
  await us.publish([signer, target('v1', 1)]);
  await us.publish([{ kind: 'remove-signer', name: 'jeff' }]);
  await us.publish([signer, target('v2', 2)]);
  assert.equal(findTarget((await us.open()).set, 'v2').role, 'targets/releases');
});

test('of six who publish at once, nobody loses', async () => {
  const gun = parseGun('127.0.0.1:5000/ours/race');
  const us = new Person('race', gun);
  await us.publish([target('v0', 1)]);
  const others = [1, 2, 3, 4, 5, 6].map((i) => {
    const other = new Person(`race-${i}`, gun);
    return publish({
      ...{ gun, cache: other.cache, keys: us.keys, now: new Date(), whenNew: 'refuse' },
      remote: remotes.trust(gun, { forWriting: true }),
      changes: [target(`v${i}`, i)],
    });
  });
  await Promise.all(others);
  const names = listTargets((await us.open()).set).map(({ name }) => name);
  assert.deepEqual(names.sort(), ['v0', 'v1', 'v2', 'v3', 'v4', 'v5', 'v6']);
});

test('an image that we push is verified down to its bytes', async () => {
  const image = parseImageReference(`${pair.registry}/ours/image:v1`);
  const gun = gunOf(image);
  const us = new Person('image', gun);
  const registry = remotes.registry(pair.registry, 'http');
  const config = utf8('{"architecture":"amd64","os":"linux"}');
  const layer = utf8('not really a layer');
  const manifest = utf8(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: descriptor(
        mediaTypes.ociConfig,
        await registry.pushBlob(image.repository, config),
        config,
      ),
      layers: [
        descriptor(mediaTypes.ociLayer, await registry.pushBlob(image.repository, layer), layer),
      ],
    }),
  );
  const pushed = { bytes: manifest, mediaType: mediaTypes.ociManifest };
  const digest = await registry.pushManifest(image.repository, parseTag('v1'), pushed);
  await us.publish([{ kind: 'add-target', name: 'v1', digest, sizeBytes: manifest.length }]);

  const { cache } = new Person('reader', gun);
  const source = remotes.trust(gun, { forWriting: false });
  const verified = await verifyImage({
    image,
    registry,
    source,
    cache,
    now: new Date(),
    deep: true,
  });
  assert.ok(verified.ok, JSON.stringify(verified.links));
  assert.deepEqual(
    verified.links.map(({ link }) => link),
    ['root', 'timestamp', 'snapshot', 'targets', 'target', 'manifest', 'config', 'layer'],
  );
  assert.equal(verified.digest, digest);
});

function descriptor(mediaType: string, digest: Digest, bytes: Uint8Array) {
  return { mediaType, digest, size: bytes.length };
}

/** Somebody with a trust folder, who uses our client and notary's on it in turn. */
class Person {
  readonly folder: string;
  readonly keys: KeyFolder;
  readonly cache: MetadataFolder;
  readonly gun: Gun;

  constructor(name: string, gun: Gun) {
    this.folder = join(folder, name);
    this.gun = gun;
    this.keys = new KeyFolder(this.folder, fixedPassphrase(passphrase));
    this.cache = new MetadataFolder(this.folder);
  }

  publish(changes: readonly TrustChange[]) {
    const { gun, keys, cache } = this;
    const remote = remotes.trust(gun, { forWriting: true });
    return publish({ gun, keys, cache, remote, changes, now: new Date(), whenNew: 'initialise' });
  }

  open() {
    const { gun, cache } = this;
    const source = remotes.trust(gun, { forWriting: false });
    return openTrust({ gun, cache, source, now: new Date() });
  }

  async notary(...args: string[]): Promise<string> {
    const flags = ['-s', pair.trustServer, '--tlscacert', pair.certificateFile, '-d', this.folder];
    const env = {
      ...plainEnvironment(),
      HOME: folder,
      NOTARY_ROOT_PASSPHRASE: passphrase,
      NOTARY_TARGETS_PASSPHRASE: passphrase,
      NOTARY_SNAPSHOT_PASSPHRASE: passphrase,
      NOTARY_DELEGATION_PASSPHRASE: passphrase,
    };
    const options = { env, input: 'yes\n' };
    return succeeded(await runCommand('notary', [...flags, ...args], options)).stdout;
  }

  async notaryList(role?: string): Promise<string[][]> {
    const listing = await this.notary('list', this.gun, ...(role ? ['-r', role] : []));
    return listing
      .split('\n')
      .filter((line) => /[0-9a-f]{64}/.test(line))
      .map((line) => line.trim().split(/\s+/));
  }
}

function target(name: string, sizeBytes: number): TrustChange {
  return { kind: 'add-target', name, digest: digestOf(utf8('x'.repeat(sizeBytes))), sizeBytes };
}

function hexOfTarget(sizeBytes: number): string {
  return digestOf(utf8('x'.repeat(sizeBytes))).slice('sha256:'.length);
}
