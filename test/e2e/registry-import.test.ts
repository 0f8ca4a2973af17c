/** What Debian's docker-registry kept is taken over from its folder, bit by bit, and pulled here. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ReferencePair, startReferencePair } from '../support/peers-reference.ts';
import { RegistryUser } from '../support/registry-user.ts';
import { admin, ServerProcess } from '../support/server-process.ts';

const oci = (kind: string) => `application/vnd.oci.image.${kind}`;
const docker = (kind: string) => `application/vnd.docker.${kind}`;
const index = oci('index.v1+json');

let there: ReferencePair;
let server: ServerProcess;
before(async () => {
  [there, server] = await Promise.all([startReferencePair(), ServerProcess.start()]);
});
after(async () => {
  await server?.[Symbol.asyncDispose]();
  await there?.[Symbol.asyncDispose]();
});

async function image(user: RegistryUser, repository: string, tag: string, note: string) {
  const layer = await user.pushBlob(
    repository,
    Buffer.from(note.repeat(1_000)),
    docker('image.rootfs.diff.tar.gzip'),
  );
  const config = await user.pushBlob(
    repository,
    Buffer.from(JSON.stringify({ note })),
    docker('container.image.v1+json'),
  );
  const manifest = {
    schemaVersion: 2,
    mediaType: docker('distribution.manifest.v2+json'),
    config,
    layers: [layer],
  };
  return { layer, config, manifest: await user.pushManifest(repository, tag, manifest) };
}

/** Pushed to docker-registry: what is asked for here afterwards, and its sha256. */
const expected: [path: string, sha256: string][] = [];

test('everything comes over once, whatever interrupts it', async () => {
  using user = new RegistryUser(`http://${there.registry}`);
  const keep = (repository: string, reference: string, digest: string) =>
    expected.push([`/v2/old/${repository}/manifests/${reference}`, digest]);
  for (const repository of ['acme/app', 'acme/app/sub', 'single']) {
    const one = await image(user, repository, 'v1', `${repository} one`);
    const two = await image(user, repository, 'v2', 'the same in all');
    const moved = await image(user, repository, 'v2', `${repository} moved`);
    keep(repository, 'v1', one.manifest.digest);
    keep(repository, 'v2', moved.manifest.digest);
    keep(repository, two.manifest.digest, two.manifest.digest);
    expected.push([`/v2/old/${repository}/blobs/${one.layer.digest}`, one.layer.digest]);
    const multi = await user.pushManifest(repository, 'multi', {
      ...{ schemaVersion: 2, mediaType: index, manifests: [one.manifest, two.manifest] },
    });
    keep(repository, 'multi', multi.digest);
  }
  // Images of OCI need not say what they are.
  const { layer, config } = await image(user, 'acme/app', 'v3', 'three');
  const body = JSON.stringify({ schemaVersion: 2, config, layers: [layer] });
  const headers = { 'content-type': oci('manifest.v1+json') };
  const plain = await user.request('PUT', '/v2/acme/app/manifests/plain', { body, headers });
  assert.equal(plain.status, 201, plain.body.toString());
  keep('acme/app', 'plain', plain.headers['docker-content-digest'] ?? '');

  await server.stop();
  const dry = await server.json<Report>([...command(), '--dry-run', '--json']);
  await server.mustCli(command());
  const second = await server.json<Report>([...command(), '--json']);
  assert.equal(dry.repositories.length, 3);
  for (const [at, planned] of dry.repositories.entries()) {
    const found = second.repositories[at];
    assert.ok(planned.blobs > 0 && found?.blobs === 0, planned.name);
    assert.deepEqual([found?.manifests, found?.tags], [planned.manifests, planned.tags]);
    assert.deepEqual([planned.refused, found?.refused], [[], []]);
  }
  await server.up();
  await requireAll();
});

test('a killed import goes on where it was', async () => {
  await server.stop();
  rmSync(join(server.data, 'blobs/sha256'), { recursive: true });
  for (const afterMs of [300, 700, 1_100]) {
    const args = ['countermark', ...command(), '--into', `killed${afterMs}`];
    const child = spawn('npx', args, { stdio: 'ignore', detached: true });
    const ended = once(child, 'exit');
    await sleep(afterMs);
    try {
      process.kill(-(child.pid ?? 0), 'SIGKILL');
    } catch {
      // It was quicker.
    }
    await ended;
  }
  const { repositories } = await server.json<Report>([...command(), '--json']);
  assert.ok(repositories.every(({ refused }) => refused.length === 0));
  await server.up();
  await requireAll();
});

test('what rotted there is refused alone, with the tags that need it', async () => {
  using user = new RegistryUser(`http://${there.registry}`);
  const good = await image(user, 'rot/app', 'good', 'good');
  const bad = await image(user, 'rot/app', 'bad', 'bad');
  const hex = bad.layer.digest.slice('sha256:'.length);
  const path = `docker/registry/v2/blobs/sha256/${hex.slice(0, 2)}/${hex}/data`;
  writeFileSync(join(there.registryFolder, path), 'x'.repeat(bad.layer.size));
  await server.stop();
  const { code, stdout } = await server.cli([...command(), 'rot/app', '--json']);
  assert.equal(code, 1);
  const [found] = (JSON.parse(stdout) as Report).repositories;
  assert.deepEqual(
    found?.refused.map((refused) => [refused.what, refused.code]),
    [
      [bad.manifest.digest, 'REGISTRY_DIGEST_MISMATCH'],
      ['bad', 'REGISTRY_MANIFEST_UNKNOWN'],
    ],
  );
  await server.up();
  using here = new RegistryUser(server.url, admin);
  const pull = (reference: string) => here.request('GET', `/v2/old/rot/app/manifests/${reference}`);
  assert.equal((await pull('good')).headers['docker-content-digest'], good.manifest.digest);
  assert.equal((await pull('bad')).status, 404);
});

test('what cannot be is refused before anything is written', async () => {
  const running = await server.cli(command());
  assert.match(running.stderr, /DATA_FOLDER_IN_USE/);
  await server.stop();
  const rows: [args: string[], code: RegExp][] = [
    [['registry', 'import', '/nowhere', '--data', server.data], /REGISTRY_FOLDER_UNKNOWN/],
    [[...command(), 'missing/app'], /REGISTRY_IMPORT_MISSING/],
    [[...command('store')], /REGISTRY_IMPORT_NAME/],
    [[...command('Old')], /REGISTRY_IMPORT_NAME/],
  ];
  for (const [args, code] of rows) {
    const refused = await server.cli(args);
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, code);
  }
});

interface Report {
  readonly repositories: readonly {
    readonly name: string;
    readonly manifests: number;
    readonly tags: number;
    readonly blobs: number;
    readonly refused: readonly { readonly what: string; readonly code: string }[];
  }[];
}

function command(into = 'old'): string[] {
  return ['registry', 'import', there.registryFolder, '--data', server.data, '--into', into];
}

async function requireAll(): Promise<void> {
  using user = new RegistryUser(server.url, admin);
  for (const [path, digest] of expected) {
    const answer = await user.request('GET', path);
    assert.equal(answer.status, 200, path);
    const found = createHash('sha256').update(answer.body).digest('hex');
    assert.equal(`sha256:${found}`, digest, path);
  }
}
