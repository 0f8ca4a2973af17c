import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { base, NotaryWorld, refused } from '../../../test/support/notary-world.ts';
import { partsOf } from '../../../test/support/simulated-publisher.ts';
import { edits, gun, now, tag } from '../../../test/support/trust-world.ts';

const world = await NotaryWorld.start();
after(() => world[Symbol.asyncDispose]());

test('the current file is answered byte for byte and asked for each time', async () => {
  for (const role of ['root', 'targets', 'snapshot', 'timestamp'] as const) {
    const answer = await world.get(`${base}${role}.json`);
    const stored = (await world.store.current(gun, role)) ?? assert.fail();
    assert.equal(answer.status, 200);
    assert.deepEqual(Buffer.from(answer.bytes), Buffer.from(stored.bytes));
    assert.equal(answer.headers.get('content-type'), 'application/json');
    assert.equal(answer.headers.get('cache-control'), 'public, max-age=0, no-cache');
    assert.equal(answer.headers.get('last-modified'), 'Fri, 20 Nov 2026 12:00:00 GMT');
    assert.equal(answer.headers.get('content-length'), String(stored.bytes.length));
  }
});

test('a publish is seen by the very next read', async () => {
  const update = await world.publisher.update({ targets: edits([['targets', tag('seen')]]) }, now);
  await world.upload(partsOf(update));
  const { bytes } = await world.get(`${base}targets.json`);
  assert.deepEqual(Buffer.from(bytes), Buffer.from(update.get('targets')?.bytes ?? []));
});

test('a file is answered by its hash, for whoever may read it', async () => {
  const { sha256 } = (await world.store.current(gun, 'targets')) ?? assert.fail();
  const anonymous = await world.get(`${base}targets.${sha256}.json`);
  assert.equal(anonymous.headers.get('cache-control'), 'public, max-age=2592000, immutable');
  world.principalName = 'alice';
  const signedIn = await world.get(`${base}targets.${sha256}.json`);
  world.principalName = undefined;
  assert.equal(signedIn.headers.get('cache-control'), 'private, max-age=2592000, immutable');
  assert.deepEqual(signedIn.bytes, anonymous.bytes);
});

test('whoever has the file already is told so, without it', async () => {
  for (const path of [`${base}root.json`, `${base}1.root.json`]) {
    const first = await world.get(path);
    const etag = first.headers.get('etag') ?? assert.fail();
    assert.equal(etag, `"${(await world.store.current(gun, 'root'))?.sha256}"`);
    for (const [tags, status] of [
      [etag, 304],
      [`"x", W/${etag}`, 304],
      ['*', 304],
      ['"x"', 200],
      [etag.slice(1, -1), 200],
      ['', 200],
    ] as const) {
      const again = await world.send('GET', path, { headers: { 'if-none-match': tags } });
      assert.equal(again.status, status, tags);
      assert.equal(again.headers.get('etag'), etag);
      assert.equal(again.headers.get('cache-control'), first.headers.get('cache-control'));
      assert.equal(again.bytes.length, status === 304 ? 0 : first.bytes.length);
    }
  }
});

test('a file is answered by its version', async () => {
  const answer = await world.get(`${base}1.root.json`);
  assert.equal(answer.status, 200);
  assert.match(answer.text, /"version":1}/);
});

test('HEAD answers the headers of GET and no body', async () => {
  const { bytes } = await world.get(`${base}root.json`);
  const answer = await world.send('HEAD', `${base}root.json`);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('content-length'), String(bytes.length));
  assert.equal(answer.bytes.length, 0);
});

test('an escaped slash in the GUN is a slash', async () => {
  assert.equal(
    (await world.get(`/v2/${encodeURIComponent(gun)}/_trust/tuf/root.json`)).status,
    200,
  );
});

test('an expired timestamp is renewed by the read', async () => {
  world.clock = new Date(now.getTime() + 15 * 86_400_000);
  const before = (await world.store.current(gun, 'timestamp'))?.version ?? 0;
  const answer = await world.get(`${base}timestamp.json`);
  world.clock = now;
  assert.match(answer.text, new RegExp(`"version":${before + 1}}`));
});

const sha = 'ab'.repeat(32);
for (const path of [
  `/v2/localhost:5443/acme/none/_trust/tuf/root.json`,
  'BASEtargets/none.json',
  `BASE${sha}.json`,
  `BASEroot.${sha}.json`,
  `BASEroot.SHA256UPPER.json`,
  `BASEroot.${sha}${sha}.json`,
  `BASEsnapshot.ROOTSHA.json`,
  `BASE0.root.json`,
  `BASE01.root.json`,
  `BASE99.root.json`,
  `BASE99999999999999999999.root.json`,
  `BASEtargets/UPPER.json`,
  `BASEtargets/a..b.json`,
  `BASEnonsense.json`,
  `BASEroot`,
  `BASE`,
  `BASE../tuf/x`,
  `BASEroot.key`,
  `BASEtargets.key`,
  `/v2/localhost:5443/UPPER/_trust/tuf/root.json`,
  `/v2/noslash/_trust/tuf/root.json`,
  `/v2/a//b/_trust/tuf/root.json`,
  `/v2//_trust/tuf/root.json`,
  `/v2/_trust/tuf/root.json`,
  `/v2/${gun}/_trust/x`,
]) {
  test(`${path} is METADATA_NOT_FOUND`, async () => {
    const { sha256 } = (await world.store.current(gun, 'root')) ?? assert.fail();
    const asked = path
      .replace('BASE', base)
      .replace('SHA256UPPER', sha256.toUpperCase())
      .replace('ROOTSHA', sha256);
    refused(await world.get(asked), 404, 'METADATA_NOT_FOUND');
  });
}

test('what is not of the trust server is left to others', async () => {
  for (const path of ['/v2/', '/v2/acme/app/manifests/latest', '/v2/acme/_trusted/tuf/root.json']) {
    assert.equal((await world.get(path)).status, 418, path);
  }
});

test('other methods are 405 without a body, and PUT is 404', async () => {
  for (const method of ['OPTIONS', 'PATCH']) {
    const answer = await world.send(method, `${base}root.json`);
    assert.deepEqual([answer.status, answer.text], [405, '']);
  }
  refused(await world.send('PUT', `${base}root.json`), 404, 'METADATA_NOT_FOUND');
  refused(await world.send('DELETE', `${base}root.json`), 404, 'METADATA_NOT_FOUND');
});

test('a read is counted under its operation, with the size of its answer', async () => {
  world.counted.length = 0;
  const { bytes } = await world.get(`${base}root.json`);
  await world.get(`${base}9.root.json`);
  assert.deepEqual(
    world.counted.map(({ operation, method, status }) => [operation, method, status]),
    [
      ['GetRole', 'GET', 200],
      ['GetRoleByVersion', 'GET', 404],
    ],
  );
  assert.equal(world.counted[0]?.bytesOut, bytes.length);
});
