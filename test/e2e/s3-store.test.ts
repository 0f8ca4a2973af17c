/**
 * A store whose blobs lie in a bucket: a client pushes and pulls, by redirect and without, what rotted is
 * put aside, and what nothing holds is removed there.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { type Digest, digestOf, hexOf, parseDigest, utf8 } from '../../src/base/index.ts';
import { mediaTypes } from '../../src/oci/index.ts';
import { runCommand, succeeded } from '../support/command.ts';
import { RegistryUser } from '../support/registry-user.ts';
import { FaultyS3 } from '../support/s3-faults.ts';
import { S3Server } from '../support/s3-server.ts';
import { admin, ServerProcess } from '../support/server-process.ts';
import { wireRequest } from '../support/wire-request.ts';

const repository = 'acme/app';
const prefix = 'store';
const policy = { registry: { collect: { every: '1 s', blobsAfter: '3 s' } } };
const undo = new AsyncDisposableStack();
const folder = mkdtempSync(join(tmpdir(), 'cm-s3-store-'));
/** The second one is sent in parts. */
const layers = [randomBytes(1_000), randomBytes(9_000_000)].map((bytes) => new Uint8Array(bytes));
const digests = layers.map((bytes) => digestOf(bytes));
let s3: S3Server;
/** Before it, for the store; clients are sent to the server itself. */
let faulty: FaultyS3;
let server: ServerProcess;
let user: RegistryUser;
before(async () => {
  undo.defer(() => rmSync(folder, { recursive: true, force: true }));
  s3 = undo.use(await S3Server.start());
  faulty = undo.use(await FaultyS3.start(s3.port));
  const env = s3.environment(prefix, { endpoint: faulty.endpoint });
  server = undo.use(await ServerProcess.start({ env, policy }));
  user = undo.use(new RegistryUser(server.url, admin));
});
after(() => undo[Symbol.asyncDispose]());

test('skopeo pushes and pulls through the store, every byte the same', async () => {
  const layout = join(folder, 'layout');
  writeLayout(layout);
  const to = ['--dest-tls-verify=false', '--dest-creds', login];
  await skopeo('copy', ...to, `oci:${layout}:v1`, image());
  const there = await objects('blobs/');
  assert.ok(
    digests.every((digest) => there.includes(keyOf(digest))),
    there.join(' '),
  );
  await pull('through');
  const { status } = await user.request('GET', `/v2/${repository}/blobs/${digests[0]}`);
  assert.equal(status, 200);
});

test('while the bucket is away it is said so, and a push goes on where it was', async () => {
  faulty.fault = () => 'slow down';
  const [digest] = digests;
  for (const method of ['GET', 'HEAD']) {
    const answer = await user.request(method, `/v2/${repository}/blobs/${digest}`);
    assert.deepEqual([answer.status, answer.headers['retry-after']], [503, '1']);
    if (method === 'GET') assert.match(String(answer.body), /"UNAVAILABLE".*"STORE_UNAVAILABLE"/);
    assert.doesNotMatch(String(answer.body), /SlowDown/);
  }
  const bytes = utf8('sent while the bucket is away');
  const path = `/v2/${repository}/blobs/uploads/`;
  const { pathname } = new URL(
    (await user.request('POST', path)).headers.location ?? '',
    server.url,
  );
  const sent = await user.request('PATCH', pathname, { body: bytes });
  assert.equal(sent.status, 202);
  const finish = () => user.request('PUT', `${pathname}?digest=${digestOf(bytes)}`);
  assert.equal((await finish()).status, 503);
  faulty.heal();
  assert.equal((await finish()).status, 201);
});

test('skopeo follows to the bucket where the operator wants that', async () => {
  const words = { endpoint: faulty.endpoint, 'redirect-endpoint': s3.endpoint, redirect: '60' };
  await server.restart({ env: s3.environment(prefix, words), policy });
  faulty.heal();
  await pull('redirected');
  assert.deepEqual(
    faulty.asked.filter((asked) => asked === 'GET object'),
    [],
    'no bytes went through the store',
  );
});

test('who may pull is sent to the very blob, for as long as the operator said', async () => {
  const [digest = parseDigest('')] = digests;
  const path = `/v2/${repository}/blobs/${digest}`;
  const { status, headers, body } = await user.request('GET', path);
  const location = new URL(headers.location ?? '');
  assert.deepEqual([status, headers['cache-control'], body.length], [307, 'no-store', 0]);
  assert.equal(location.origin, s3.endpoint);
  assert.equal(location.searchParams.get('X-Amz-Expires'), '60');
  const sent = await wireRequest(location.href, { headers: { range: 'bytes=1-3' } });
  assert.equal(sent.status, 206);
  assert.deepEqual(new Uint8Array(sent.body), layers[0]?.slice(1, 4));
  const other = location.href.replace(keyOf(digest), keyOf(digests[1] ?? digest));
  assert.equal((await wireRequest(other)).status, 403, 'it is good for this blob only');

  const stranger = new RegistryUser(server.url);
  const refused = await stranger.request('GET', path, { token: '' });
  stranger[Symbol.dispose]();
  assert.deepEqual([refused.status, refused.headers.location], [401, undefined]);
  const elsewhere = await user.request('GET', `/v2/acme/other/blobs/${digest}`);
  assert.deepEqual([elsewhere.status, elsewhere.headers.location], [404, undefined]);
  const head = await user.request('HEAD', path);
  assert.deepEqual([head.status, head.headers['content-length']], [200, '1000']);
  const known = await user.request('GET', path, { headers: { 'if-none-match': `"${digest}"` } });
  assert.equal(known.status, 304);
});

test('a blob that rotted in the bucket is put aside there, and comes back by a push', async () => {
  const [digest = parseDigest('')] = digests;
  const rotten = layers[0]?.map((byte) => byte ^ 1) ?? assert.fail();
  const Key = keyOf(digest);
  await s3.client.send(new PutObjectCommand({ Bucket: s3.bucket, Key, Body: rotten }));
  const scrubbed = await server.cli(['registry', 'scrub', '--data', server.data, '--json']);
  assert.equal(scrubbed.code, 1, scrubbed.stderr);
  const { faults } = JSON.parse(scrubbed.stdout);
  assert.deepEqual(
    faults.map((fault: Record<string, unknown>) => [fault.digest, fault.kind]),
    [[digest, 'rotten']],
  );
  assert.deepEqual(await objects('quarantine/'), [`${prefix}/${faults[0].quarantined}`]);
  const path = `/v2/${repository}/blobs/${digest}`;
  assert.equal((await user.request('GET', path)).status, 404);
  await user.pushBlob(repository, layers[0] ?? new Uint8Array(), mediaTypes.ociLayer);
  assert.equal((await user.request('GET', path)).status, 307);
});

test('what nothing holds any more goes from the bucket', async () => {
  const { digest } = await user.pushBlob(repository, utf8('held by nothing'), mediaTypes.ociLayer);
  const key = keyOf(parseDigest(digest));
  assert.ok((await objects('blobs/')).includes(key));
  for (const until = Date.now() + 30_000; (await objects('blobs/')).includes(key); ) {
    assert.ok(Date.now() < until, 'it is still there');
    await sleep(200);
  }
  assert.equal((await user.request('HEAD', `/v2/${repository}/blobs/${digest}`)).status, 404);
  for (const held of digests) {
    assert.equal((await user.request('HEAD', `/v2/${repository}/blobs/${held}`)).status, 200);
  }
});

test('a store is not started, nor scrubbed, beside its blobs', async () => {
  assert.doesNotMatch(server.log, new RegExp(s3.environment('').AWS_SECRET_ACCESS_KEY ?? ''));
  await server.stop();
  for (const [env, code] of [
    [s3.environment('another'), 'CONFIG_BLOBS_ELSEWHERE'],
    [{ ...s3.environment(prefix), AWS_SECRET_ACCESS_KEY: 'wrong' }, 'BLOBS_FAILED'],
  ] as const) {
    const args = ['countermark', 'registry', 'scrub', '--data', server.data];
    const { code: exit, stderr } = await runCommand('npx', args, {
      env: { PATH: process.env.PATH, ...env },
    });
    assert.notEqual(exit, 0);
    assert.match(stderr, new RegExp(code));
    assert.doesNotMatch(stderr, /wrong|secret/);
  }
});

function image(): string {
  return `docker://${server.host}/${repository}:v1`;
}

/** Pulls the image by skopeo, and looks at every byte. */
async function pull(name: string): Promise<void> {
  const pulled = join(folder, name);
  await skopeo('copy', '--src-tls-verify=false', '--src-creds', login, image(), `dir:${pulled}`);
  for (const [index, digest] of digests.entries()) {
    assert.deepEqual(new Uint8Array(readFileSync(join(pulled, hexOf(digest)))), layers[index]);
  }
}

const login = `${admin.name}:${admin.password}`;

async function skopeo(...args: string[]): Promise<void> {
  const [verb = '', ...rest] = args;
  const command = ['--insecure-policy', verb, '--preserve-digests', ...rest];
  succeeded(await runCommand('skopeo', command, { timeoutMs: 60_000 }));
}

/** One image of the layers; skopeo pushes what it finds, and does not look into it. */
function writeLayout(at: string): void {
  mkdirSync(join(at, 'blobs', 'sha256'), { recursive: true });
  const put = (bytes: Uint8Array, mediaType: string) => {
    writeFileSync(join(at, 'blobs', 'sha256', hexOf(digestOf(bytes))), bytes);
    return { mediaType, digest: digestOf(bytes), size: bytes.length };
  };
  const rootfs = { type: 'layers', diff_ids: digests };
  const config = utf8(JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs }));
  const manifest = {
    ...{ schemaVersion: 2, mediaType: mediaTypes.ociManifest },
    config: put(config, mediaTypes.ociConfig),
    layers: layers.map((bytes) => put(bytes, mediaTypes.ociLayerGzip)),
  };
  const annotations = { 'org.opencontainers.image.ref.name': 'v1' };
  const entry = { ...put(utf8(JSON.stringify(manifest)), mediaTypes.ociManifest), annotations };
  writeFileSync(join(at, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  writeFileSync(join(at, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [entry] }));
}

/** Keys in the store's part of the bucket. */
async function objects(below: string): Promise<string[]> {
  const where = { Bucket: s3.bucket, Prefix: `${prefix}/${below}` };
  const { Contents = [] } = await s3.client.send(new ListObjectsV2Command(where));
  return Contents.map(({ Key = '' }) => Key);
}

function keyOf(digest: Digest): string {
  return `${prefix}/blobs/sha256/${hexOf(digest).slice(0, 2)}/${hexOf(digest)}`;
}
