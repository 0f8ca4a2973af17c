import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { after, test } from 'node:test';
import { assertError, RegistryClient } from '../../../test/support/registry-client.ts';
import { startRegistry } from '../../../test/support/registry-server.ts';
import { digestOf, utf8 } from '../../base/index.ts';
import { parseRepositoryName } from '../../oci/index.ts';
import { parseNamePattern } from '../../registry/index.ts';

const any = parseNamePattern('**') ?? assert.fail();
const versions = parseNamePattern('v*') ?? assert.fail();
const server = await startRegistry({
  rules: { immutable: [{ repositories: any, tags: versions }], deleteSigned: 'refuse' },
  quotas: [
    { namespace: 'small', folders: ['small'], limitBytes: 1_000 },
    { namespace: 'tiny', folders: ['tiny'], limitBytes: 10 },
  ],
});
after(() => server[Symbol.asyncDispose]());

test('an immutable tag takes the same image again, and no other', async () => {
  const client = new RegistryClient(server.origin, 'acme/app');
  const bytes = await client.pushImage('v1');
  await client.pushImage('v1');
  await client.pushImage('latest');
  const other = utf8(
    JSON.stringify({ ...JSON.parse(new TextDecoder().decode(bytes)), annotations: { a: 'b' } }),
  );
  const headers = { 'content-type': 'application/vnd.oci.image.manifest.v1+json' };
  const put = (tag: string) => client.send('PUT', `manifests/${tag}`, { body: other, headers });
  const refusal = await put('v1');
  assertError(refusal, 403, 'DENIED');
  assert.match(
    String(refusal.body),
    /acme\/app:v1 leads to sha256:.* for ever, and is not deleted; push under another tag/,
  );
  assert.equal((await client.send('GET', `manifests/${digestOf(other)}`)).status, 404);
  assert.equal((await put('latest')).status, 201);
  assertError(await client.send('DELETE', 'manifests/v1'), 403, 'DENIED');
  assertError(await client.send('DELETE', `manifests/${digestOf(bytes)}`), 403, 'DENIED');
  assert.equal((await client.send('DELETE', 'manifests/latest')).status, 202);
  assert.equal((await client.send('GET', 'manifests/v1')).status, 200);
});

test('what a namespace has no room for is refused before it is read', async () => {
  const client = new RegistryClient(server.origin, 'small/app');
  const body = utf8('x'.repeat(900));
  const before = await server.files();
  const whole = (bytes: Uint8Array) =>
    client.send('POST', `blobs/uploads/?digest=${digestOf(bytes)}`, { body: bytes });
  assert.equal((await whole(body)).status, 201);

  const large = utf8('y'.repeat(101));
  const refusal = await whole(large);
  assertError(refusal, 403, 'DENIED');
  assert.match(
    String(refusal.body),
    /small holds 900 of the 1000 bytes it may, and 101 more do not fit/,
  );
  assert.equal((await whole(utf8('z'.repeat(100)))).status, 201);
  assertError(await client.send('POST', 'blobs/uploads/'), 403, 'DENIED');

  const elsewhere = new RegistryClient(server.origin, 'large/app');
  const query = `blobs/uploads/?mount=${digestOf(body)}&from=small/app`;
  assert.equal((await elsewhere.send('POST', query)).status, 201);
  const other = new RegistryClient(server.origin, 'small/other');
  assert.equal((await other.send('POST', query)).status, 201);
  assert.equal((await server.files()).length, before.length + 2);
});

test('of what says no length, no more is kept than there is room for', async () => {
  const client = new RegistryClient(server.origin, 'tiny/app');
  const path = await client.begin();
  const pieces = () => Readable.from([utf8('12345'), utf8('67890'), utf8('1')]);
  const refusal = await client.send('PATCH', path, { body: pieces() });
  assertError(refusal, 403, 'DENIED');
  assert.match(String(refusal.body), /tiny holds 0 of the 10 bytes it may, and 11 more do not fit/);
  const again = await client.begin();
  const body = Readable.from([utf8('12345'), utf8('67890')]);
  assert.equal((await client.send('PATCH', again, { body })).status, 202);
  const digest = digestOf(utf8('1234567890'));
  assert.equal((await client.send('PUT', `${again}?digest=${digest}`)).status, 201);
});

test('of two uploads that fit one by one, the second is refused before it is sent, until the first is gone', async () => {
  const server = await startRegistry({
    quotas: [{ namespace: 'tiny', folders: ['tiny'], limitBytes: 10 }],
  });
  after(() => server[Symbol.asyncDispose]());
  const client = new RegistryClient(server.origin, 'tiny/app');
  const [first, second] = [await client.begin(), await client.begin()];
  const bytes = utf8('abcdef');
  const sendSecond = () => client.send('PATCH', second, { body: bytes });
  assert.equal((await client.send('PATCH', first, { body: utf8('123456') })).status, 202);
  assertError(await sendSecond(), 403, 'DENIED', 'REGISTRY_QUOTA');
  assert.equal((await client.send('GET', second)).headers.range, '0-0');
  assert.equal((await client.send('DELETE', first)).status, 204);
  assert.equal((await sendSecond()).status, 202);
  const end = `${second}?digest=${digestOf(bytes)}`;
  assert.equal((await client.send('PUT', end)).status, 201);
});

test('of two whose length nobody knows, the second is refused at its end and is still there', async () => {
  const server = await startRegistry({
    quotas: [{ namespace: 'tiny', folders: ['tiny'], limitBytes: 10 }],
  });
  after(() => server[Symbol.asyncDispose]());
  const { uploads } = server;
  const owner = { repository: parseRepositoryName('tiny/app'), user: undefined };
  let asked = 0;
  const both = Promise.withResolvers<void>();
  const send = async (text: string) => {
    const { id } = await uploads.begin(owner);
    const bytes = async function* () {
      // Each is let in before the other has sent anything.
      if (++asked === 2) both.resolve();
      await both.promise;
      yield utf8(text);
    };
    await uploads.append(owner, id, { bytes: bytes() });
    return { id, digest: digestOf(utf8(text)) };
  };
  const sent = await Promise.all(['123456', 'abcdef'].map(send));
  const ends = await Promise.allSettled(
    sent.map(({ id, digest }) => uploads.finish(owner, id, digest, new Date())),
  );
  assert.deepEqual(ends.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  const [refused] = ends.flatMap((end, at) =>
    end.status === 'rejected' ? [{ ...end, ...sent[at] }] : [],
  );
  assert.equal(refused?.reason.code, 'REGISTRY_QUOTA');
  assert.equal((await uploads.status(owner, refused.id ?? '')).sizeBytes, 6);
});

test('manifests count, each once in its namespace', async () => {
  const server = await startRegistry({
    quotas: [{ namespace: 'tiny', folders: ['tiny'], limitBytes: 1_400 }],
  });
  after(() => server[Symbol.asyncDispose]());
  const client = new RegistryClient(server.origin, 'tiny/app');
  const first = await client.pushImage('v1', 'one'.padEnd(300));
  await assert.rejects(async () => {
    for (const tag of ['v2', 'v3', 'v4']) await client.pushImage(tag, tag.padEnd(300));
  }, /tiny holds .* more do not fit/);
  assert.equal((await client.putManifest('again', first)).status, 201, 'it is there already');
});
