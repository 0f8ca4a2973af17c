/** What rots is found beside the running store, served to nobody, and brought back by a push. */
import assert from 'node:assert/strict';
import { appendFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';
import { hexOf, parseDigest } from '../../src/base/index.ts';
import { RegistryUser } from '../support/registry-user.ts';
import { admin, ServerProcess } from '../support/server-process.ts';

const repository = 'acme/app';
const oci = (kind: string) => `application/vnd.oci.image.${kind}`;
const layers = ['first', 'second', 'third'].map((text) => Buffer.from(`${text} layer`));

let server: ServerProcess;
let user: RegistryUser;
before(async () => {
  server = await ServerProcess.start();
  user = new RegistryUser(server.url, admin);
});
after(async () => {
  user?.[Symbol.dispose]();
  await server?.[Symbol.asyncDispose]();
});

async function push(note = ''): Promise<{ image: string; digests: string[] }> {
  const pushed = [];
  for (const bytes of layers) {
    pushed.push(await user.pushBlob(repository, bytes, oci('layer.v1.tar')));
  }
  const config = await user.pushBlob(repository, Buffer.from('{}'), oci('config.v1+json'));
  const manifest = {
    ...{ schemaVersion: 2, mediaType: oci('manifest.v1+json'), config, layers: pushed },
    annotations: { note },
  };
  const { digest } = await user.pushManifest(repository, `v${note}`, manifest);
  return { image: digest, digests: pushed.map((one) => one.digest) };
}

function fileOf(digest: string): string {
  const hex = hexOf(parseDigest(digest));
  return join(server.data, 'blobs', 'sha256', hex.slice(0, 2), hex);
}

async function statusOf(path: string): Promise<number> {
  return (await user.request('GET', `/v2/${repository}/${path}`)).status;
}

async function scrub(...flags: string[]) {
  const args = ['registry', 'scrub', '--data', server.data, '--json', ...flags];
  const { code, stdout, stderr } = await server.cli(args);
  assert.notEqual(stdout, '', stderr);
  return { code, answer: JSON.parse(stdout) };
}

test('where all is well, nothing is found and nothing changes', async () => {
  await push();
  const { code, answer } = await scrub();
  assert.equal(code, 0);
  assert.deepEqual(answer.faults, []);
  assert.equal(answer.blobs, 4);
  assert.equal(answer.manifests, 1);
});

test('what rotted, shrank or vanished is named with its repositories and comes back by a push', async () => {
  const { image, digests } = await push('2');
  const [rotten = '', longer = '', vanished = ''] = digests;
  const spoilt = Buffer.from(readFileSync(fileOf(rotten)));
  spoilt[0] = (spoilt[0] ?? 0) ^ 1;
  writeFileSync(fileOf(rotten), spoilt);
  appendFileSync(fileOf(longer), '!');
  rmSync(fileOf(vanished));
  {
    using db = new DatabaseSync(join(server.data, 'store.sqlite'));
    db.prepare("update manifests set bytes = cast('{}' as blob) where digest = ?").run(image);
  }
  const { code, answer } = await scrub('--rate', '10MiB');
  assert.equal(code, 1);
  const shown = answer.faults.map((fault: Record<string, unknown>) => [
    fault.digest,
    `${fault.kind} ${fault.what}`,
    typeof fault.quarantined,
  ]);
  assert.deepEqual(
    shown.sort(),
    [
      [rotten, 'rotten blob', 'string'],
      [longer, 'rotten blob', 'string'],
      [vanished, 'missing blob', 'undefined'],
      [image, 'rotten manifest', 'undefined'],
    ].sort(),
  );
  for (const { repositories } of answer.faults) assert.deepEqual(repositories, [repository]);
  assert.equal(readdirSync(join(server.data, 'quarantine')).length, 2);
  for (const digest of digests) assert.equal(await statusOf(`blobs/${digest}`), 404, digest);

  assert.equal((await push('2')).image, image);
  for (const digest of digests) assert.equal(await statusOf(`blobs/${digest}`), 200, digest);
  assert.equal(await statusOf('manifests/v2'), 200);
  assert.deepEqual((await scrub()).answer.faults, []);
});

test('a folder that is none of a store is not made one', async () => {
  const data = join(server.data, 'mistyped');
  const { code, stderr } = await server.cli(['registry', 'scrub', '--data', data]);
  assert.notEqual(code, 0);
  assert.match(stderr, /DATA_FOLDER_UNKNOWN/);
  assert.ok(!readdirSync(server.data).includes('mistyped'));
});
