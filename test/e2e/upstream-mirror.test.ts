/**
 * Debian's docker-registry and notary-server mirrored by a real store, pulled from with skopeo and docker: once with all
 * that they have, once with only what notary signed there, once as the engine's mirror of Docker Hub. The upstream moves
 * a signed tag, and goes away.
 */
import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pino from 'pino';
import { parsePolicy } from '../../src/adapters/policy/index.ts';
import { anonymous, Remotes } from '../../src/adapters/remotes/index.ts';
import { openMirror } from '../../src/app/views/mirrors.ts';
import { digestOf, hexOf, utf8 } from '../../src/base/index.ts';
import { mediaTypes, parseRepositoryName, parseTag } from '../../src/oci/index.ts';
import { plainEnvironment, printed, runCommand } from '../support/command.ts';
import { DockerCli } from '../support/docker-cli.ts';
import { buildImage, greetingOf } from '../support/docker-images.ts';
import { startEngine } from '../support/engine.ts';
import { NotaryCli } from '../support/notary-cli.ts';
import { startReferencePair } from '../support/peers-reference.ts';
import { ServerProcess } from '../support/server-process.ts';

const dayMs = 86_400_000;
const repository = parseRepositoryName('acme/app');

test('a mirror of Debian’s registry and trust server', async (t) => {
  await using pair = await startReferencePair();
  const push = pushingTo(pair.registry, t);
  const gun = `${pair.registry}/acme/app`;
  const good = await push('v1', 'good');
  await push('unsigned', 'unsigned');
  using notary = new NotaryCli({ url: pair.trustServer, certificateFile: pair.certificateFile });
  await notary.must(['init', '-p', gun]);
  const sign = ['--sha256', hexOf(digestOf(good)), '-p'];
  await notary.must(['addhash', gun, 'v1', String(good.length), ...sign]);

  const folder = mkdtempSync(join(tmpdir(), 'cm-mirror-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const ca = join(folder, 'ca.pem');
  copyFileSync(pair.certificateFile, ca);
  const from = { upstream: `http://${pair.registry}`, tagsFor: '1 s' };
  const signedBy = {
    ...{ server: pair.trustServer, refresh: '1 s' },
    root: { keys: [await rootKeyOf(notary)] },
  };
  const signed = { folder: 'mirror/signed', ...from, ca, signedBy };
  const hub = { folder: 'library', ...from, upstream: `http://${pair.registry}/acme` };
  const mirrors = [{ folder: 'mirror/all', ...from }, signed, hub];
  const policy = { anonymousPull: ['mirror', 'library'], registry: { mirrors } };
  await using server = await ServerProcess.start({ policy });
  const skopeo = (command: string, name: string, ...args: string[]) =>
    runCommand(
      'skopeo',
      [
        ...['--insecure-policy', command, `--${command === 'copy' ? 'src-' : ''}tls-verify=false`],
        ...[`docker://${server.host}/mirror/${name}`, ...args],
      ],
      { env: plainEnvironment() },
    );
  const digest = async (name: string) => {
    const { code, stdout, stderr } = await skopeo('inspect', name, '--format', '{{.Digest}}');
    return code === 0 ? stdout.trim() : stderr;
  };
  const pull = async (name: string) => {
    const to = mkdtempSync(join(folder, 'pulled-'));
    const { code, stderr } = await skopeo('copy', name, `dir:${to}`);
    return code === 0 ? readdirSync(to).length : stderr;
  };

  await t.test('what is signed is pulled through it, and nothing else is there', async () => {
    assert.equal(await pull('signed/acme/app:v1'), 4);
    assert.match(await digest('signed/acme/app:unsigned'), /manifest unknown/);
    const { stdout } = await skopeo('list-tags', 'signed/acme/app');
    assert.deepEqual(JSON.parse(stdout).Tags, ['v1']);
    const { stdout: all } = await skopeo('list-tags', 'all/acme/app');
    assert.deepEqual(JSON.parse(all).Tags, ['unsigned', 'v1']);
    assert.equal(await pull('all/acme/app:unsigned'), 4);
  });

  await t.test('docker pulls through it, and runs what it pulled', async () => {
    await using engine = await startEngine({ mirror: server.url });
    using docker = new DockerCli(engine.host);
    const pushed = `${gun}:run`;
    await buildImage(docker, pushed);
    const { stdout } = await docker.must(['push', pushed]);
    const [, hash = assert.fail(stdout), size = ''] =
      /sha256:([0-9a-f]{64}) size: (\d+)/.exec(stdout) ?? [];
    await notary.must(['addhash', gun, 'run', size, '--sha256', hash, '-p']);
    await docker.must(['rmi', pushed]);
    await sleep(1_100);
    // The last is Docker Hub's by its name: the engine asks its mirror, and nobody else is there.
    for (const name of [
      `${server.host}/mirror/all/acme/app:run`,
      `${server.host}/mirror/signed/acme/app:run`,
      'app:run',
    ]) {
      await docker.must(['pull', name]);
      const { stdout: said } = await docker.must(['run', '--rm', '--network', 'none', name]);
      assert.equal(said.trim(), greetingOf(pushed));
      await docker.must(['rmi', name]);
    }
    const refused = await docker.run(['pull', `${server.host}/mirror/signed/acme/app:unsigned`]);
    assert.match(printed(refused), /manifest unknown/);
  });

  await t.test('a tag that moved there leads to what was signed', async () => {
    const bad = await push('v1', 'bad');
    await sleep(1_100);
    assert.equal(await digest('signed/acme/app:v1'), digestOf(good));
    assert.match(await digest(`signed/acme/app@${digestOf(bad)}`), /manifest unknown/);
    assert.equal(await digest('all/acme/app:v1'), digestOf(bad));
  });

  await t.test('without the upstream, what was pulled is there, after a restart too', async () => {
    await pair[Symbol.asyncDispose]();
    await server.restart({ policy });
    assert.equal(await pull('signed/acme/app:v1'), 4);
    assert.equal(await digest('all/acme/app:unsigned').then((text) => text.length), 71);
  });

  await t.test('what notary-server signed counts until it expires, and then no more', async () => {
    await server.stop();
    const [mirror] = parsePolicy(
      JSON.stringify({ registry: { mirrors: [{ ...signed, ca: undefined }] } }),
    ).registry.mirrors;
    const tagsIn = async (days: number) => {
      const place = {
        ...{ policyFile: undefined, trustFolder: join(server.data, 'mirrors') },
        ...{ clock: () => new Date(Date.now() + days * dayMs), log: pino({ enabled: false }) },
      };
      const { rule, connections } = openMirror(mirror ?? assert.fail(), place);
      using _ = connections;
      return await rule.trust?.signedTags(repository).then(
        (tags) => [...tags.keys()],
        (error) => error.code,
      );
    };
    assert.deepEqual(await tagsIn(13), ['run', 'v1']);
    assert.equal(await tagsIn(15), 'REMOTE_UNREACHABLE');
  });
});

/** Pushes an image of one layer. */
function pushingTo(host: string, t: TestContext) {
  const remotes = new Remotes({ credentials: anonymous, clock: () => new Date() });
  t.after(() => remotes[Symbol.dispose]());
  const registry = remotes.registry(host, 'http');
  const blob = async (text: string, mediaType: string) => {
    const bytes = utf8(text);
    return { mediaType, digest: await registry.pushBlob(repository, bytes), size: bytes.length };
  };
  return async (tag: string, note: string): Promise<Uint8Array> => {
    const mediaType = mediaTypes.ociManifest;
    const bytes = utf8(
      JSON.stringify({
        ...{ schemaVersion: 2, mediaType },
        config: await blob('{"architecture":"amd64","os":"linux"}', mediaTypes.ociConfig),
        layers: [await blob(`layer of ${note}`, mediaTypes.ociLayer)],
      }),
    );
    await registry.pushManifest(repository, parseTag(tag), { bytes, mediaType });
    return bytes;
  };
}

/** The one key whose role is root, by its id. */
async function rootKeyOf(notary: NotaryCli): Promise<string> {
  const { stdout } = await notary.must(['key', 'list']);
  const [, id = assert.fail(stdout)] = /^\s*root\s+([0-9a-f]{64})/m.exec(stdout) ?? [];
  return id;
}
