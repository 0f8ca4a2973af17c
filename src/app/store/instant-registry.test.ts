import assert from 'node:assert/strict';
import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import {
  base,
  clock,
  config,
  keepEveryMs,
  layer,
  many,
  narrow,
  openInstantRegistry,
  repository,
  send,
  signed,
  withoutDate,
} from '../../../test/support/instant-registry-world.ts';
import { digestOf, hexOf, utf8 } from '../../base/index.ts';
import { parseTag } from '../../oci/index.ts';

const world = await openInstantRegistry();
after(() => world.close());

test('what is answered at once is what the API answers, header for header', async () => {
  const image = await world.pushImage('v1', 'one');
  for (const tag of ['v2', 'v3']) await world.pushImage(tag, tag);
  const subject = { mediaType: image.mediaType, digest: image.digest, size: image.bytes.length };
  await world.pushImage('referrer', 'about it', { subject, artifactType: 'application/vnd.a' });
  const headers = await world.tokenOf('carla');
  const asked: [method: string, path: string][] = [
    ['GET', 'manifests/v1'],
    ['HEAD', 'manifests/v1'],
    ['GET', `manifests/${image.digest}`],
    ['HEAD', `manifests/${image.digest}`],
    ['HEAD', `blobs/${digestOf(layer)}`],
    ['GET', 'tags/list'],
    ['GET', 'tags/list?n=2'],
    ['GET', 'tags/list?n=2&last=v1'],
    ['HEAD', 'tags/list'],
    ['GET', `referrers/${image.digest}`],
    ['GET', `referrers/${digestOf(utf8('nothing'))}`],
  ];
  for (const [method, path] of asked) {
    for (const extra of [
      {},
      { 'if-none-match': `W/"${image.digest}"` },
      { 'if-none-match': '*' },
    ]) {
      const both = { ...headers, ...extra };
      const slow = await send(world.slow, `${base}/${path}`, both, method);
      const instant = await send(world.instant, `${base}/${path}`, both, method);
      assert.deepEqual(
        withoutDate(instant),
        withoutDate(slow),
        `${method} ${path} ${JSON.stringify(extra)}`,
      );
    }
  }
});

test('all of many tags are in one answer, the same both ways', async () => {
  const { digest } = await world.pushImage('v1', 'one');
  await world.index.linkImage(repository, many, digest, clock());
  await world.addTags(digest, 20_000);
  const headers = await world.tokenOf('carla', many);
  for (const [query, count, link] of [
    ['', 20_000, undefined],
    ['?last=t004000', 16_000, undefined],
    ['?n=50000', 10_000, `</v2/${many}/tags/list?n=10000&last=t010000>; rel="next"`],
  ] as const) {
    const path = `/v2/${many}/tags/list${query}`;
    const slow = await send(world.slow, path, headers);
    assert.equal(JSON.parse(slow.body).tags.length, count);
    assert.equal(slow.headers.link, link);
    assert.deepEqual(
      withoutDate(await send(world.instant, path, headers)),
      withoutDate(slow),
      path,
    );
  }
});

test('what somebody writes is in the very next answer', async () => {
  const headers = await world.tokenOf('carla');
  for (const round of ['a', 'b', 'c']) {
    const { digest } = await world.pushImage('moves', round);
    const got = await send(world.instant, `${base}/manifests/moves`, headers);
    assert.equal(got.headers['docker-content-digest'], digest);
    await world.pushImage(`new-${round}`, round);
    const { body } = await send(world.instant, `${base}/tags/list`, headers);
    assert.ok(JSON.parse(body).tags.includes(`new-${round}`));
  }
  await world.index.deleteTag(repository, parseTag('moves'));
  const gone = await send(world.instant, `${base}/manifests/moves`, headers);
  assert.equal(gone.status, 599);
});

test('whatever must be refused or thought about is left to the API', async () => {
  const { digest } = await world.pushImage('v1', 'one');
  const [carla, otto] = [await world.tokenOf('carla'), await world.tokenOf('otto')];
  const left: [method: string, path: string, headers?: Record<string, string>][] = [
    ['GET', 'manifests/v1', {}],
    ['GET', 'manifests/v1', { authorization: 'Bearer x' }],
    ['GET', 'manifests/v1', otto],
    ['GET', `manifests/${digest}`, otto],
    ['HEAD', `blobs/${digestOf(layer)}`, otto],
    ['GET', 'tags/list', otto],
    ['GET', `referrers/${digest}`, otto],
    ['DELETE', 'manifests/v1'],
    ['PUT', 'manifests/v1'],
    ['GET', `blobs/${digestOf(layer)}`],
    ['GET', 'manifests/missing'],
    ['GET', `manifests/${digestOf(utf8('missing'))}`],
    ['HEAD', `blobs/${digestOf(utf8('missing'))}`],
    ['GET', 'manifests/%76%31'],
    ['GET', 'manifests/v1?x=1'],
    ['GET', 'tags/list?n=0'],
    ['GET', 'tags/list?n=x'],
    ['GET', 'tags/list?last=zzz'],
    ['GET', `referrers/${digest}?artifactType=a`],
    ['GET', 'manifests/../v1'],
    ['GET', '../app/manifests/v1'],
  ];
  for (const [method, path, headers = carla] of left) {
    const { status } = await send(world.instant, `${base}/${path}`, headers, method);
    assert.equal(status, 599, `${method} ${path}`);
  }
});

test('a blob of another size than it should have is not said to be there', async () => {
  const headers = await world.tokenOf('carla');
  const path = `${base}/blobs/${digestOf(layer)}`;
  assert.equal((await send(world.instant, path, headers, 'HEAD')).status, 200);
  const hex = hexOf(digestOf(layer));
  truncateSync(join(world.folder, 'blobs/sha256', hex.slice(0, 2), hex), 3);
  assert.equal((await send(world.instant, path, headers, 'HEAD')).status, 599);
});

test('a blob that may soon be collected is left to the API, which keeps it', async () => {
  const path = `${base}/blobs/${digestOf(config)}`;
  assert.equal((await send(world.instant, path, await world.tokenOf('carla'), 'HEAD')).status, 200);
  world.passTime(keepEveryMs + 1_000);
  const headers = await world.tokenOf('carla');
  assert.equal((await send(world.instant, path, headers, 'HEAD')).status, 599);
  assert.equal((await send(world.slow, path, headers, 'HEAD')).status, 200);
  assert.equal((await send(world.instant, path, headers, 'HEAD')).status, 200);
});

test('what readers see where they do not see everything is answered once the API has found it', async () => {
  const { digest } = await world.pushImage('v1', 'one');
  const other = (await world.pushImage('v2', 'two')).digest;
  for (const one of [digest, other]) await world.index.linkImage(repository, narrow, one, clock());
  await world.index.setTag(narrow, parseTag('v1'), other, clock());
  signed.set(parseTag('v1'), digest);
  const reader = await world.tokenOf('carla', narrow);
  const writer = await world.tokenOf('carla', narrow, 'pull,push');
  const rows = [
    ['GET', 'manifests/v1'],
    ['GET', `manifests/${digest}`],
    ['HEAD', `blobs/${digestOf(config)}`],
  ] as const;
  const atOnce = (method: string, path: string, headers = reader) =>
    send(world.instant, `/v2/${narrow}/${path}`, headers, method);
  const write = () => world.index.setTag(repository, parseTag('another'), digest, clock());
  for (const [method, path] of rows) {
    await write();
    assert.equal((await atOnce(method, path)).status, 599, path);
    const slow = await send(world.slow, `/v2/${narrow}/${path}`, reader, method);
    assert.equal(slow.status, 200);
    assert.deepEqual(withoutDate(await atOnce(method, path)), withoutDate(slow));
    await write();
    assert.equal((await atOnce(method, path)).status, 599, 'somebody wrote');
    await send(world.slow, `/v2/${narrow}/${path}`, reader, method);
    world.passTime(60_001);
    assert.equal((await atOnce(method, path)).status, 599, 'what vouches for it has ended');
  }
  for (const path of [`manifests/${other}`, 'manifests/v2', 'tags/list', `referrers/${digest}`]) {
    await send(world.slow, `/v2/${narrow}/${path}`, reader);
    assert.equal((await atOnce('GET', path)).status, 599, path);
  }
  const seen = (await atOnce('GET', 'manifests/v1', writer)).headers['docker-content-digest'];
  assert.equal(seen, other, 'who may push sees what was pushed');

  await send(world.slow, `/v2/${narrow}/manifests/v1`, reader);
  signed.clear();
  await write();
  assert.equal((await atOnce('GET', 'manifests/v1')).status, 599);
  assert.equal((await send(world.slow, `/v2/${narrow}/manifests/v1`, reader)).status, 404);
  assert.equal((await atOnce('GET', 'manifests/v1')).status, 599);
});
