/**
 * Images go from one client to the next through the store, each pushed by one and pulled by another:
 * buildah, podman, docker and skopeo. The configuration, and so the image's id, stays the same to the
 * byte. An upload is resumed after its connection broke and after the store was killed, and a layer
 * of 2 GiB goes in and out.
 */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { digestOf, utf8 } from '../../src/base/index.ts';
import { mediaTypes } from '../../src/oci/index.ts';
import { runCommand, succeeded } from '../support/command.ts';
import { DockerCli } from '../support/docker-cli.ts';
import { type Engine, startEngine } from '../support/engine.ts';
import { RegistryUser } from '../support/registry-user.ts';
import { admin, ServerProcess } from '../support/server-process.ts';

const undo = new AsyncDisposableStack();
const folder = mkdtempSync(join(tmpdir(), 'cm-clients-'));
const login = ['--username', admin.name, '--password', admin.password, '--tls-verify=false'];
let server: ServerProcess;
let engine: Engine;
let docker: DockerCli;
before(async () => {
  undo.defer(() => rmSync(folder, { recursive: true, force: true }));
  engine = undo.use(await startEngine());
  server = undo.use(await ServerProcess.start());
  docker = undo.use(new DockerCli(engine.host));
  await docker.login(server.host, admin.name, admin.password);
  await podman('login', ...login, server.host);
});
after(() => undo[Symbol.asyncDispose]());

test('an image goes from buildah to podman, docker and skopeo and stays what it is', async () => {
  const container = (await buildah('from', 'scratch')).trim();
  const file = join(folder, 'file');
  writeFileSync(file, randomBytes(300_000));
  await buildah('copy', container, file, '/file');
  await buildah('config', '--entrypoint', '["/file"]', '--label', 'of=buildah', container);
  await buildah('commit', '--quiet', '--format', 'docker', container, name('one'));
  await buildah('push', '--tls-verify=false', name('one'));

  await podman('pull', '--quiet', '--tls-verify=false', name('one'));
  await podman('tag', name('one'), name('two'));
  await podman('push', '--quiet', '--tls-verify=false', name('two'));
  const { stdout } = succeeded(await tool('podman', 'inspect', '--format', '{{.Id}}', name('two')));
  const id = stdout.trim();

  await docker.must(['pull', name('two')]);
  await docker.must(['tag', name('two'), name('three')]);
  await docker.must(['push', name('three')]);
  const inspected = await docker.must(['inspect', '--format', '{{.Id}}', name('three')]);
  assert.equal(inspected.stdout.trim(), `sha256:${id}`);

  await skopeo(
    'copy',
    '--src-tls-verify=false',
    `docker://${name('three')}`,
    `dir:${folder}/three`,
  );
  await skopeo(
    'copy',
    '--dest-tls-verify=false',
    `dir:${folder}/three`,
    `docker://${name('four')}`,
  );
  await buildah('pull', '--quiet', '--tls-verify=false', name('four'));
  const { stdout: last } = succeeded(
    await tool(
      'buildah',
      'inspect',
      '--type',
      'image',
      '--format',
      '{{.FromImageID}}',
      name('four'),
    ),
  );
  assert.equal(last.trim(), id);
});

test('an index of two platforms goes from podman to the store, and each platform is pulled', async () => {
  const list = name('index');
  await podman('manifest', 'create', list);
  for (const architecture of ['amd64', 'arm64']) {
    const container = (await buildah('from', '--arch', architecture, 'scratch')).trim();
    const file = join(folder, architecture);
    writeFileSync(file, architecture);
    await buildah('copy', container, file, '/architecture');
    await buildah('config', '--arch', architecture, '--os', 'linux', container);
    const image = name(architecture);
    await buildah('commit', '--quiet', container, image);
    await buildah('push', '--tls-verify=false', image);
    await podman('manifest', 'add', '--tls-verify=false', list, `docker://${image}`);
  }
  await podman('manifest', 'push', '--all', '--tls-verify=false', list, `docker://${list}`);
  const raw = await skopeo('inspect', '--raw', '--tls-verify=false', `docker://${list}`);
  assert.equal(JSON.parse(raw).manifests.length, 2);
  for (const architecture of ['amd64', 'arm64']) {
    const platform = ['--override-os', 'linux', '--override-arch', architecture];
    const config = await skopeo(
      ...platform,
      'inspect',
      '--config',
      '--tls-verify=false',
      `docker://${list}`,
    );
    assert.equal(JSON.parse(config).architecture, architecture);
    await docker.must(['pull', '--platform', `linux/${architecture}`, list]);
    const seen = await docker.must(['inspect', '--format', '{{.Architecture}}', list]);
    assert.equal(seen.stdout.trim(), architecture);
  }
});

test('what is said about an image is listed by plain HTTP', async () => {
  using user = new RegistryUser(server.url, admin);
  const config = await user.pushBlob('clients/about', utf8('{}'), mediaTypes.ociEmpty);
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: [] };
  const subject = await user.pushManifest('clients/about', 'v1', manifest);
  const said = { ...manifest, subject, artifactType: 'application/vnd.example.report' };
  const { digest } = await user.pushManifest(
    'clients/about',
    digestOf(utf8(JSON.stringify(said))),
    said,
  );
  const answer = await user.request('GET', `/v2/clients/about/referrers/${subject.digest}`);
  const [entry] = JSON.parse(answer.body.toString()).manifests;
  assert.equal(entry.digest, digest);
  assert.equal(entry.artifactType, 'application/vnd.example.report');
});

test('an upload is resumed after its connection broke, and after the store was killed', async () => {
  using user = new RegistryUser(server.url, admin);
  const token = await user.token('repository:clients/resumed:pull,push');
  const bytes = randomBytes(6_000_000);
  const opened = await user.request('POST', '/v2/clients/resumed/blobs/uploads/', { token });
  const path = opened.headers.location ?? '';
  const held = async () => {
    const { status, headers } = await user.request('GET', path, { token });
    assert.equal(status, 204);
    return Number(/^0-(\d+)$/.exec(headers.range ?? '')?.[1]) + 1;
  };
  await breakOff(path, token, bytes.subarray(0, 2_000_000), bytes.length);
  const first = await held();
  assert.ok(first > 0 && first <= 2_000_000, `${first} bytes are held`);

  await server.kill();
  await server.up();
  const second = await held();
  assert.equal(second, first);
  const half = bytes.subarray(second, 4_000_000);
  const headers = { 'content-range': `${second}-${4_000_000 - 1}` };
  const patched = await user.request('PATCH', path, { token, body: half, headers });
  assert.equal(patched.status, 202, patched.body.toString());
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  const rest = bytes.subarray(4_000_000);
  const put = await user.request('PUT', `${path}?digest=${digest}`, { token, body: rest });
  assert.equal(put.status, 201, put.body.toString());
  const got = await user.request('GET', `/v2/clients/resumed/blobs/${digest}`, { token });
  assert.ok(got.body.equals(bytes));
});

/** Of a layer of 2 GiB of zeros, as `head -c 2G /dev/zero | sha256sum` writes it. */
const zeros = 'a7c744c13cc101ed66c29f672f92455547889cc586ce6d44fe76ae824958ea51';

test('a layer of 2 GiB goes in and out', async () => {
  const digest = `sha256:${zeros}`;
  using user = new RegistryUser(server.url, admin);
  const token = await user.token('repository:clients/large:pull,push');
  const opened = await user.request('POST', '/v2/clients/large/blobs/uploads/', { token });
  const file = join(folder, 'zeros');
  succeeded(await runCommand('truncate', ['-s', String(2 * 1024 ** 3), file]));
  const url = `${server.url}${opened.headers.location}?digest=${digest}`;
  const curl = ['-sS', '--fail', '-k', '-H', `Authorization: Bearer ${token}`, '-H', 'Expect:'];
  const timeoutMs = 290_000;
  succeeded(await runCommand('curl', [...curl, '-X', 'PUT', '-T', file, url], { timeoutMs }));
  const blob = `${server.url}/v2/clients/large/blobs/${digest}`;
  const pull = ['-c', 'curl "$@" | sha256sum', 'sh', ...curl, blob];
  const { stdout } = succeeded(await runCommand('sh', pull, { timeoutMs }));
  assert.equal(stdout.slice(0, 64), zeros);
});

function name(image: string): string {
  return `${server.host}/clients/${image}:1`;
}

/** Sends some of a body and goes away. */
async function breakOff(path: string, token: string, bytes: Buffer, announced: number) {
  const headers = { authorization: `Bearer ${token}`, 'content-length': announced };
  const sent = request(`${server.url}${path}`, {
    ...{ method: 'PATCH', headers, rejectUnauthorized: false },
  });
  sent.on('error', () => undefined);
  await new Promise<void>((resolve) => sent.write(bytes, () => resolve()));
  await sleep(500);
  sent.destroy();
  await sleep(200);
}

/** With its images and logins in the test's own folder. */
function tool(program: 'podman' | 'buildah', ...args: string[]) {
  const own = ['--root', join(folder, 'storage'), '--runroot', join(folder, 'run')];
  const env = { ...process.env, REGISTRY_AUTH_FILE: join(folder, 'auth.json'), HOME: folder };
  return runCommand(program, [...own, '--storage-driver', 'vfs', ...args], { env });
}

async function podman(...args: string[]): Promise<string> {
  return succeeded(await tool('podman', ...args)).stdout;
}

async function buildah(...args: string[]): Promise<string> {
  return succeeded(await tool('buildah', ...args)).stdout;
}

async function skopeo(...args: string[]): Promise<string> {
  const env = { ...process.env, REGISTRY_AUTH_FILE: join(folder, 'auth.json') };
  return succeeded(await runCommand('skopeo', ['--insecure-policy', ...args], { env })).stdout;
}
