/**
 * `countermark copy` between Debian's docker-registry and the store, both ways and within the store:
 * an index with all that is attached, killed in the middle, lied to, and signed. skopeo and notary read
 * what came out.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { digestOf } from '../../src/base/index.ts';
import { printed, runCommand, succeeded } from '../support/command.ts';
import { type DockerRegistry, startDockerRegistry } from '../support/docker-registry.ts';
import { ownProgram } from '../support/own-program.ts';
import { RegistryMiddleman } from '../support/registry-middleman.ts';
import { type Pushed, RegistryUser } from '../support/registry-user.ts';
import { ServerProcess } from '../support/server-process.ts';
import { TrustPerson } from '../support/trust-person.ts';

const oci = (kind: string) => `application/vnd.oci.image.${kind}`;
const login = { name: 'paula', password: 'the producer, in a test' };

/** What readers of the one see is signed. */
const policy = {
  anonymousPull: ['acme'],
  registry: { signedOnly: [{ repositories: 'acme/promoted' }] },
};

let store: ServerProcess;
let theirs: DockerRegistry;
/** In front of docker-registry. */
let middleman: RegistryMiddleman;
let paula: TrustPerson;
const layers: Buffer[] = Array.from({ length: 8 }, () => randomBytes(1_000_000));
/** Reference to digest, of all that belongs to the image. */
const expected = new Map<string, string>();

before(async () => {
  [store, theirs] = await Promise.all([ServerProcess.start({ policy }), startDockerRegistry()]);
  await store.addUser({ ...login, role: 'producer', namespace: 'acme' });
  middleman = await RegistryMiddleman.start(theirs.origin);
  paula = new TrustPerson({ url: store.url, certificateFile: store.certificateFile });
  const auth = Buffer.from(`${login.name}:${login.password}`).toString('base64');
  writeFileSync(
    join(paula.folder, 'config.json'),
    JSON.stringify({ auths: { [store.host]: { auth } } }),
  );
  await pushEverything();
});
after(async () => {
  paula?.[Symbol.dispose]();
  await middleman?.[Symbol.asyncDispose]();
  await theirs?.[Symbol.asyncDispose]();
  await store?.[Symbol.asyncDispose]();
});

/** At docker-registry: two platforms, an SBOM under a list of referrers, and a signature of each. */
async function pushEverything(): Promise<void> {
  using user = new RegistryUser(theirs.origin);
  const name = 'team/app';
  const keep = (reference: string, { digest }: Pushed) => expected.set(reference, digest);
  const manifest = { schemaVersion: 2, mediaType: oci('manifest.v1+json') };
  const push = async (content: object, reference: string) => {
    const pushed = await user.pushManifest(name, reference, { ...manifest, ...content });
    keep(pushed.digest, pushed);
    return pushed;
  };
  const image = async (architecture: string, own: readonly Buffer[]) => {
    const config = {
      architecture,
      os: 'linux',
      config: {},
      rootfs: { type: 'layers', diff_ids: own.map((each) => digestOf(each)) },
    };
    const parts = [];
    for (const layer of own) parts.push(await user.pushBlob(name, layer, oci('layer.v1.tar')));
    const pushed = await push(
      {
        config: await user.pushBlob(
          name,
          Buffer.from(JSON.stringify(config)),
          oci('config.v1+json'),
        ),
        layers: parts,
      },
      architecture,
    );
    return { ...pushed, platform: { os: 'linux', architecture } };
  };
  const manifests = [
    await image('amd64', layers.slice(0, 5)),
    await image('arm64', layers.slice(4)),
  ];
  const index = { schemaVersion: 2, mediaType: oci('index.v1+json') };
  const top = await user.pushManifest(name, 'v1', { ...index, manifests });
  keep('v1', top);
  const config = await user.pushBlob(name, Buffer.from('{}'), 'application/vnd.oci.empty.v1+json');
  const text = (content: string) => user.pushBlob(name, Buffer.from(content), 'text/plain');
  const [subject] = manifests;
  const sbom = await push(
    { config, artifactType: 'application/spdx+json', layers: [await text('sbom')], subject },
    'sbom',
  );
  await user.pushManifest(name, `${tagOf(subject)}`, {
    ...index,
    manifests: [{ ...sbom, artifactType: 'application/spdx+json' }],
  });
  for (const signed of [top, sbom]) {
    const tag = `${tagOf(signed)}.sig`;
    keep(tag, await push({ config, layers: [await text(`signature of ${signed.digest}`)] }, tag));
  }
}

function tagOf(of: Pushed | undefined): string {
  return of?.digest.replace(':', '-') ?? '';
}

function copy(...args: string[]) {
  const [file, ...first] = ownProgram();
  return runCommand(file, [...first, 'copy', ...args], { env: paula.environment() });
}

/** Starts a copy and kills it with the request that `isMoment` knows. */
async function killedCopy(args: string[], isMoment: (method: string, path: string) => boolean) {
  const [file, ...first] = ownProgram();
  const child = spawn(file, [...first, 'copy', ...args], {
    env: paula.environment(),
    stdio: 'ignore',
  });
  middleman.fault = ({ method = '', url = '' }) => {
    if (isMoment(method, url)) child.kill('SIGKILL');
    return undefined;
  };
  const [, signal] = await once(child, 'exit');
  middleman.fault = () => undefined;
  assert.equal(signal, 'SIGKILL');
}

/** Every manifest is there under its digest, and the tags lead where they led. */
async function requireAll(origin: string, repository: string): Promise<void> {
  using user = new RegistryUser(origin);
  for (const [reference, digest] of expected) {
    const headers = { accept: [oci('manifest.v1+json'), oci('index.v1+json')].join(', ') };
    const path = `/v2/${repository}/manifests/${reference}`;
    const answer = await user.request('GET', path, { headers });
    assert.equal(answer.status, 200, `${reference} ${answer.body}`);
    assert.equal(digestOf(answer.body), digest);
  }
}

/** All of an image, read by another program. */
async function readBySkopeo(image: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'cm-copy-'));
  const options = ['--insecure-policy', 'copy', '--all', '--src-tls-verify=false'];
  const args = [...options, `docker://${image}`, `dir:${folder}`];
  try {
    succeeded(await runCommand('skopeo', args, { env: { ...process.env, HOME: folder } }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

// First: what the store has already it would not ask for.
test('a registry that sends other bytes is refused, and nothing has a name at the destination', async () => {
  for (const what of ['/manifests/sha256:', '/blobs/']) {
    middleman.fault = ({ method, url }) =>
      method === 'GET' && url?.includes(what) ? { kind: 'change-answer' } : undefined;
    const answer = await copy(`${middleman.host}/team/app:v1`, `${store.host}/acme/lied:v1`);
    middleman.fault = () => undefined;
    assert.equal(answer.code, 1, printed(answer));
    assert.match(answer.stderr, /COPY_DIGEST_MISMATCH/);
    using user = new RegistryUser(store.url);
    const tags = await user.request('GET', '/v2/acme/lied/tags/list');
    assert.equal(tags.status, 404, tags.body.toString());
  }
});

test('from docker-registry to the store: killed, and taken up without reading again what is there', async () => {
  const from = `${middleman.host}/team/app:v1`;
  const to = `${store.host}/acme/app:v1`;
  let reads = 0;
  await killedCopy([from, to], (method, path) => {
    return method === 'GET' && path.includes('/blobs/') && ++reads === 8;
  });
  using user = new RegistryUser(store.url);
  const tags = await user.request('GET', '/v2/acme/app/tags/list');
  assert.ok(!tags.body.toString().includes('v1'), tags.body.toString());
  middleman.passed.length = 0;
  const { images } = JSON.parse(succeeded(await copy(from, to, '--json')).stdout);
  const { sent, there } = images[0].blobs;
  assert.ok(there >= 1 && sent >= 1, `${sent} sent, ${there} there`);
  assert.equal(middleman.count('GET', '/blobs/'), sent);
  assert.equal(images[0].digest, expected.get('v1'));
  await requireAll(store.url, 'acme/app');
  const raw = ['inspect', '--raw', '--tls-verify=false', `docker://${to}`];
  const index = JSON.parse(succeeded(await runCommand('skopeo', raw)).stdout);
  const path = `/v2/acme/app/referrers/${index.manifests[0].digest}`;
  const referrers = await user.request('GET', path);
  assert.equal(JSON.parse(referrers.body.toString()).manifests.length, 1);
  await readBySkopeo(to);
});

test('from the store to docker-registry: killed, and taken up without sending again what is there', async () => {
  const from = `${store.host}/acme/app:v1`;
  const to = `${middleman.host}/back/app:v1`;
  let ends = 0;
  await killedCopy([from, to], (method, path) => {
    return method === 'PUT' && path.includes('/blobs/') && ++ends === 6;
  });
  middleman.passed.length = 0;
  const { images } = JSON.parse(succeeded(await copy(from, to, '--json')).stdout);
  const { sent, there } = images[0].blobs;
  assert.ok(there >= 1 && sent >= 1, `${sent} sent, ${there} there`);
  assert.equal(middleman.count('PUT', '/blobs/'), sent);
  await requireAll(theirs.origin, 'back/app');
  await readBySkopeo(to);

  middleman.passed.length = 0;
  succeeded(await copy(from, to));
  assert.equal(middleman.count('POST PUT PATCH'), 0);
});

test('within the store blobs are mounted, and what is signed is signed again where it comes', async () => {
  const [from, to] = [`${store.host}/acme/app`, `${store.host}/acme/promoted`];
  assert.match(
    (await copy(`${from}:v1`, `${to}:v1`, '--trust', 'sign')).stderr,
    /CLIENT_NO_TRUST_DATA/,
  );
  // What readers do not see yet is there for who may push.
  const ways = [];
  for (let i = 0; i < 2; i++) {
    const { stdout } = succeeded(await copy(`${from}:v1`, `${to}:early`, '--json'));
    ways.push(JSON.parse(stdout).images[0].blobs);
  }
  const all = layers.length + 6;
  assert.deepEqual(ways, [
    { sent: 0, there: 0, mounted: all, foreign: 0 },
    { sent: 0, there: all, mounted: 0, foreign: 0 },
  ]);
  await paula.ours('sign', '--remote', `${from}:v1`);
  const { images } = JSON.parse(
    succeeded(await copy(`${from}:v1`, `${to}:v1`, '--trust', 'sign', '--json')).stdout,
  );
  assert.equal(images[0].signed, true);
  await requireAll(store.url, 'acme/promoted');
  const listed = await paula.notary('list', to);
  assert.match(listed, new RegExp(`v1 +${expected.get('v1')?.slice('sha256:'.length)}`));

  // Somebody pushes over the signed tag: what was signed is copied, and other tags are not.
  using user = new RegistryUser(store.url, login);
  const moved = await user.pushManifest('acme/app', 'v1', {
    ...{ schemaVersion: 2, mediaType: oci('index.v1+json'), manifests: [] },
  });
  const signed = JSON.parse(
    succeeded(
      await copy(from, `${store.host}/acme/all`, '--all-tags', '--trust', 'verify', '--json'),
    ).stdout,
  );
  assert.deepEqual(
    signed.images.map(({ tag, digest }: { tag: string; digest: string }) => [tag, digest]),
    [['v1', expected.get('v1')]],
  );
  const other = await copy(`${from}@${moved.digest}`, `${to}:v2`, '--trust', 'verify');
  assert.match(other.stderr, /CLIENT_DIGEST_NOT_SIGNED/);
});
