import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { assertError, RegistryClient } from '../../../test/support/registry-client.ts';
import { openGate, startRegistry } from '../../../test/support/registry-server.ts';
import { digestOf, utf8 } from '../../base/index.ts';
import { mediaTypes } from '../../oci/index.ts';
import { authError } from '../auth/index.ts';

const server = await startRegistry();
after(() => server[Symbol.asyncDispose]());
const client = new RegistryClient(server.origin);
const layer = utf8('layer');
const json = (value: unknown) => utf8(JSON.stringify(value));

/** Texts that mean something to a file system, a shell, a browser, or somebody else's parser. */
const tricks = [
  '../../../etc/passwd',
  '..%2f..%2f..%2fetc%2fpasswd',
  '%2e%2e%2f%2e%2e',
  '....//',
  '..%5c..%5c',
  '%00',
  'v1%00.json',
  '%0d%0aSet-Cookie:%20a=b',
  '%E2%80%AE',
  '%EF%BC%8E%EF%BC%8E',
  '%E2%84%AA',
  'l%C5%BFb',
  `SHA256:${'a'.repeat(64)}`,
  `sha256:${'A'.repeat(64)}`,
  `sha256:${'a'.repeat(64)}%0d%0a`,
  `sha256:${'a'.repeat(63)}%EF%BC%A1`,
  '<script>',
  '$(id)',
];

test('tricks in names, references, digests and uploads are refused, and touch no file', async () => {
  await client.pushImage('v1');
  const before = await server.files();
  for (const trick of tricks) {
    for (const [method, path] of [
      ['GET', `manifests/${trick}`],
      ['PUT', `manifests/${trick}`],
      ['DELETE', `manifests/${trick}`],
      ['GET', `blobs/${trick}`],
      ['DELETE', `blobs/${trick}`],
      ['GET', `referrers/${trick}`],
      ['GET', `blobs/uploads/${trick}`],
      ['PATCH', `blobs/uploads/${trick}`],
      ['PUT', `blobs/uploads/${trick}?digest=${digestOf(layer)}`],
      ['POST', `blobs/uploads/?digest=${trick}`],
      ['GET', `/v2/acme/${trick}/tags/list`],
      ['POST', `/v2/acme/${trick}/blobs/uploads/`],
    ] as const) {
      const answer = await client.send(method, path, method === 'GET' ? {} : { body: 'x' });
      assert.ok(answer.status >= 400 && answer.status < 500, `${method} ${path} ${answer.status}`);
      assert.equal(answer.headers['set-cookie'], undefined);
      assert.match(answer.headers['content-type'] ?? '', /^application\/json/);
    }
  }
  assert.deepEqual(await server.files(), before);
  assert.equal(existsSync(join(server.dataFolder, '..', 'etc')), false);
});

test('what somebody sends becomes part of no header but as it may stand there', async () => {
  const nasty = 'a\r\nset-cookie: x\u0001"<>é';
  const sent = encodeURIComponent(nasty);
  const artifact = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, layers: [] };
  const config = await client.pushBlob(utf8('{}'), mediaTypes.ociEmpty);
  const subject = { mediaType: mediaTypes.ociManifest, digest: digestOf(layer), size: 5 };
  const bytes = json({ ...artifact, config, subject, annotations: { [nasty]: nasty } });
  assert.equal((await client.putManifest(digestOf(bytes), bytes)).status, 201);
  for (const [method, path, headers] of [
    ['GET', `referrers/${digestOf(layer)}?artifactType=${sent}`],
    ['GET', `tags/list?n=1&last=${sent}`],
    ['GET', `/v2/_catalog?n=1&last=${sent}`],
    ['POST', `blobs/uploads/?mount=${digestOf(layer)}&from=${sent}`],
    ['POST', `blobs/uploads/?mount=${sent}&from=acme/other`],
    ['GET', `blobs/${digestOf(utf8('{}'))}`, { range: `bytes=0-1;${nasty.slice(0, 1)}"` }],
    ['GET', 'manifests/v1', { 'if-none-match': '"\t,,,"' }],
  ] as const) {
    const answer = await client.send(method, path, headers ? { headers } : {});
    assert.ok(answer.status < 500, `${path} ${answer.status}`);
    assert.equal(answer.headers['set-cookie'], undefined);
    for (const value of Object.values(answer.headers)) assert.match(String(value), /^[\t -~]*$/);
  }
});

test('a bomb of descriptors, of levels or of names is refused and leaves nothing', async () => {
  const image = await client.pushImage('v1');
  const entry = (bytes: Uint8Array, mediaType: string) => ({
    ...{ mediaType, digest: digestOf(bytes), size: bytes.length },
  });
  const index = (manifests: readonly object[]) =>
    json({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests });
  const many = index(new Array(10_000).fill(entry(image, mediaTypes.ociManifest)));
  assertError(
    await client.putManifest('bomb', many, mediaTypes.ociIndex),
    400,
    'MANIFEST_INVALID',
    'OCI_MANIFEST_TOO_MANY_DESCRIPTORS',
  );
  let [level, type] = [image, mediaTypes.ociManifest as string];
  const refusals: number[] = [];
  for (let depth = 2; depth <= 6; depth++) {
    const next = index([entry(level, type)]);
    const { status } = await client.putManifest(`level${depth}`, next, mediaTypes.ociIndex);
    if (status !== 201) refusals.push(depth);
    [level, type] = [next, mediaTypes.ociIndex];
  }
  assert.deepEqual(refusals, [5, 6]);
  const nested = `${'{"annotations":'.repeat(10_000)}1${'}'.repeat(10_000)}`;
  assertError(await client.putManifest('bomb', nested), 400, 'MANIFEST_INVALID');
  assertError(await client.send('GET', 'manifests/bomb'), 404, 'MANIFEST_UNKNOWN');
});

test('by its digest nobody reads from another repository what they could not by its name', async (t) => {
  const mine = 'acme/mine';
  const gate = {
    ...openGate,
    require: async (...[request, name, ...rest]: Parameters<typeof openGate.require>) => {
      const isTheirs = request.headers['x-user'] === 'otto' && name !== 'acme/other';
      if (!isTheirs) return openGate.require(request, name, ...rest);
      throw authError('AUTH_REQUIRED', { challenge: 'Bearer', reason: 'no' });
    },
    requireReader: async () => (name: string) => name === 'acme/other',
  };
  const guarded = await startRegistry({ gate });
  t.after(() => guarded[Symbol.asyncDispose]());
  const image = await new RegistryClient(guarded.origin, mine).pushImage('v1');
  const headers = { 'x-user': 'otto' };
  const otto = new RegistryClient(guarded.origin, 'acme/other');
  for (const [path, code] of [
    [`manifests/${digestOf(image)}`, 'MANIFEST_UNKNOWN'],
    [`blobs/${digestOf(layer)}`, 'BLOB_UNKNOWN'],
  ] as const) {
    const hidden = await otto.send('GET', path, { headers });
    assertError(hidden, 404, code);
    const nowhere = path.replace(/[0-9a-f]{64}/, digestOf(utf8('nowhere')).slice(7));
    const absent = await otto.send('GET', nowhere, { headers });
    const told = (text: string) => text.replaceAll(/[0-9a-f]{64}/g, 'HASH');
    assert.equal(told(hidden.body.toString()), told(absent.body.toString()));
    assert.equal((await otto.send('HEAD', path, { headers })).status, 404);
  }
  for (const from of [`&from=${mine}`, '']) {
    const path = `blobs/uploads/?mount=${digestOf(layer)}${from}`;
    assert.equal((await otto.send('POST', path, { headers })).status, 202, 'an upload begins');
  }
  const referrers = await otto.send('GET', `referrers/${digestOf(image)}`, { headers });
  assert.deepEqual(JSON.parse(referrers.body.toString()).manifests, []);
});

/** What an upload is asked to do, and what a model of it says. */
type Step = ['append', number] | ['claim', number] | ['status'] | ['finish', boolean] | ['cancel'];

test('whatever is asked of an upload in whatever order, it is what a list of bytes would be', async () => {
  const uploads = async () => (await server.files()).filter((file) => file.startsWith('uploads/'));
  const before = await uploads();
  const step = fc.oneof<fc.Arbitrary<Step>[]>(
    fc.tuple(fc.constant('append' as const), fc.nat(40)),
    fc.tuple(fc.constant('claim' as const), fc.nat(60)),
    fc.constant<Step>(['status']),
    fc.tuple(fc.constant('finish' as const), fc.boolean()),
    fc.constant<Step>(['cancel']),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const path = await client.begin();
      let held: number[] | undefined = [];
      for (const [what, value] of steps) {
        const known: boolean = held !== undefined;
        const now: number[] = held ?? [];
        if (what === 'append' || what === 'claim') {
          const start = what === 'claim' ? Number(value) : now.length;
          const bytes = Uint8Array.from(
            { length: what === 'claim' ? 5 : Number(value) },
            (_, i) => i,
          );
          const range = { 'content-range': `${start}-${start + 4}` };
          const headers = what === 'claim' ? range : {};
          const { status } = await client.send('PATCH', path, { body: bytes, headers });
          const fits = start === now.length;
          assert.equal(status, !known ? 404 : fits ? 202 : 416);
          if (known && fits) held = [...now, ...bytes];
        } else if (what === 'status') {
          const { status, headers } = await client.send('GET', path);
          assert.equal(status, known ? 204 : 404);
          if (known) assert.equal(headers.range, `0-${Math.max(0, now.length - 1)}`);
        } else if (what === 'cancel') {
          assert.equal((await client.send('DELETE', path)).status, known ? 204 : 404);
          held = undefined;
        } else {
          const digest = digestOf(value ? Uint8Array.from(now) : utf8('something else'));
          const { status } = await client.send('PUT', `${path}?digest=${digest}`);
          assert.equal(status, !known ? 404 : value ? 201 : 400);
          held = undefined;
        }
      }
      if (held !== undefined) await client.send('DELETE', path);
    }),
    { numRuns: process.env.SLOW ? 2_000 : 40 },
  );
  assert.deepEqual(await uploads(), before);
});
