import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { assertError, RegistryClient } from '../../../test/support/registry-client.ts';
import { startRegistry } from '../../../test/support/registry-server.ts';
import { type Digest, digestOf, utf8 } from '../../base/index.ts';
import { mediaTypes, type Tag } from '../../oci/index.ts';
import { parseNamePattern } from '../../registry/index.ts';

const repository = 'acme/app';
/** What is signed in it now. */
const signed = new Map<Tag, Digest>();
const server = await startRegistry({
  views: [{ repositories: parseNamePattern('acme/**') ?? assert.fail(), signer: 'releases' }],
  signed: async (name, signer) =>
    name === repository && signer === 'releases' ? signed : new Map(),
});
after(() => server[Symbol.asyncDispose]());

const writer = new RegistryClient(server.origin, repository);
const reader = {
  'x-view': 'reader',
};
const see = (path: string, method = 'GET') => writer.send(method, path, { headers: reader });
const json = async (path: string) => JSON.parse((await see(path)).body.toString());

async function pushed(reference: string, note: string, more: object = {}) {
  const layer = await writer.pushBlob(utf8(`layer of ${note}`));
  const bytes = utf8(
    JSON.stringify({
      ...{ schemaVersion: 2, mediaType: mediaTypes.ociManifest },
      config: await writer.pushBlob(utf8('{}'), mediaTypes.ociConfig),
      layers: [layer],
      ...more,
    }),
  );
  const answer = await writer.putManifest(reference, bytes);
  assert.equal(answer.status, 201, answer.body.toString());
  const digest = digestOf(bytes);
  return {
    digest,
    layer: layer.digest,
    descriptor: { ...layer, mediaType: mediaTypes.ociManifest, digest, size: bytes.length },
  };
}

const good = await pushed('v1', 'good');
const bad = await pushed('v2', 'bad');
const platform = await pushed('platform', 'platform');
const index = utf8(
  JSON.stringify({
    ...{ schemaVersion: 2, mediaType: mediaTypes.ociIndex },
    manifests: [platform.descriptor],
  }),
);
await writer.putManifest('multi', index, mediaTypes.ociIndex);
const artifact = { artifactType: 'application/vnd.sbom' };
const sbom = await pushed('sbom', 'sbom', { ...artifact, subject: good.descriptor });
const badSbom = await pushed('bad-sbom', 'bad sbom', { ...artifact, subject: bad.descriptor });
const tagAbout = (digest: Digest, ending: string) => `${digest.replace(':', '-')}${ending}`;
const signature = await pushed(tagAbout(good.digest, '.sig'), 'signature');
const badSignature = await pushed(tagAbout(bad.digest, '.sig'), 'bad signature');
signed.set('v1' as Tag, good.digest).set('multi' as Tag, digestOf(index));
// It was signed as it was before somebody pushed another image to the tag.
await writer.putManifest(
  'v1',
  utf8((await writer.send('GET', `manifests/${bad.digest}`)).body.toString()),
);

test('a tag leads to what was signed, wherever it was pushed to since', async () => {
  const answer = await see('manifests/v1');
  assert.equal(answer.status, 200);
  assert.equal(answer.headers['docker-content-digest'], good.digest);
  assert.equal(
    (await writer.send('GET', 'manifests/v1')).headers['docker-content-digest'],
    bad.digest,
  );
});

// biome-ignore format: a table
const paths: [what: string, path: string, status: number][] = [
  ['the signed digest',                       `manifests/${good.digest}`,                  200],
  ['its layer',                               `blobs/${good.layer}`,                       200],
  ['its config, which others have too',       `blobs/${digestOf(utf8('{}'))}`,             200],
  ['a signed index',                          'manifests/multi',                           200],
  ['a platform of it',                        `manifests/${platform.digest}`,              200],
  ['a layer of a platform',                   `blobs/${platform.layer}`,                   200],
  ['what refers to a signed image',           `manifests/${sbom.digest}`,                  200],
  ['the layer of that',                       `blobs/${sbom.layer}`,                       200],
  ['its signature, by tag',                   `manifests/${tagAbout(good.digest, '.sig')}`, 200],
  ['its signature, by digest',                `manifests/${signature.digest}`,             200],
  ['what was signed, in a layer of that',     `blobs/${signature.layer}`,                  200],
  ['the layer of another signature',          `blobs/${badSignature.layer}`,               404],
  ['an unsigned tag',                         'manifests/v2',                              404],
  ['an unsigned digest',                      `manifests/${bad.digest}`,                   404],
  ['its layer ',                              `blobs/${bad.layer}`,                        404],
  ['a tag of a platform',                     'manifests/platform',                        404],
  ['what refers to an unsigned image',        `manifests/${badSbom.digest}`,               404],
  ['the signature of an unsigned image',      `manifests/${tagAbout(bad.digest, '.sig')}`, 404],
  ['a tag that nobody pushed',                'manifests/v9',                              404],
];

for (const [what, path, status] of paths) {
  test(`a reader ${status === 200 ? 'sees' : 'does not see'} ${what.trim()}, and a writer sees all`, async () => {
    for (const method of ['GET', 'HEAD']) assert.equal((await see(path, method)).status, status);
    const all = (await writer.send('GET', path)).status;
    assert.equal(all, path.endsWith('v9') ? 404 : 200);
  });
}

test('lists have what is signed', async () => {
  assert.deepEqual((await json('tags/list')).tags, ['multi', 'v1']);
  assert.deepEqual((await json('tags/list?n=1')).tags, ['multi']);
  assert.deepEqual((await json('tags/list?n=5&last=multi')).tags, ['v1']);
  const referrers = async (digest: Digest) =>
    (await json(`referrers/${digest}`)).manifests.map((one: { digest: string }) => one.digest);
  assert.deepEqual(await referrers(good.digest), [sbom.digest]);
  assert.deepEqual(await referrers(bad.digest), []);
  const other = new RegistryClient(server.origin, 'acme/other');
  await other.pushImage('v1');
  const open = new RegistryClient(server.origin, 'open/app');
  await open.pushImage('v1');
  assert.deepEqual((await json('/v2/_catalog')).repositories, ['acme/app', 'open/app']);
  const headers = reader;
  assert.deepEqual(
    JSON.parse((await other.send('GET', 'tags/list', { headers })).body.toString()).tags,
    [],
  );
  assert.equal((await open.send('GET', 'manifests/v1', { headers })).status, 200);
});

test('nothing is mounted out of it, even by who may pull there', async () => {
  const open = new RegistryClient(server.origin, 'open/copy');
  for (const from of [`&from=${repository}`, '']) {
    const answer = await open.send('POST', `blobs/uploads/?mount=${bad.layer}${from}`);
    assert.equal(answer.status, 202);
  }
});

test('when nothing is signed any more, nothing is there', async () => {
  const before = new Map(signed);
  signed.clear();
  for (const path of ['manifests/v1', `manifests/${good.digest}`, `blobs/${good.layer}`]) {
    const answer = await see(path);
    assertError(answer, 404, path.startsWith('blobs') ? 'BLOB_UNKNOWN' : 'MANIFEST_UNKNOWN');
  }
  assert.deepEqual((await json('tags/list')).tags, []);
  for (const [tag, digest] of before) signed.set(tag, digest);
});
