import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { digestOf, hexOf, utf8 } from '../../src/base/index.ts';
import { mediaTypes } from '../../src/oci/index.ts';
import { startRegistry } from '../support/registry-server.ts';

const run = promisify(execFile);
const absent = await run('skopeo', ['--version']).then(
  () => false,
  () => true,
);
if (absent && process.env.CI === 'true') throw new Error('skopeo is not installed');
const skip = absent && 'skopeo is not installed (Debian package skopeo)';

/** Each format and an index of two platforms goes there and back and stays the same. */
for (const format of ['oci', 'v2s2'] as const) {
  test(`skopeo pushes and pulls ${format} images, every byte the same`, { skip }, async () => {
    await using place = await temporaryFolder();
    await using server = await startRegistry();
    const layout = join(place.folder, 'layout');
    await writeLayout(layout);
    const remote = `docker://${server.origin.slice('http://'.length)}/acme/app:v1`;
    await skopeo(
      'copy',
      '--all',
      '--dest-tls-verify=false',
      `--format=${format}`,
      `oci:${layout}:v1`,
      remote,
    );

    const first = join(place.folder, 'first');
    await skopeo('copy', '--all', '--src-tls-verify=false', remote, `dir:${first}`);
    const again = remote.replace('acme/app', 'acme/again');
    await skopeo('copy', '--all', '--dest-tls-verify=false', `dir:${first}`, again);
    const second = join(place.folder, 'second');
    await skopeo('copy', '--all', '--src-tls-verify=false', again, `dir:${second}`);
    assert.deepEqual(await contentOf(second), await contentOf(first));
    assert.ok((await contentOf(first)).size >= 7);

    const { stdout } = await skopeo('list-tags', '--tls-verify=false', remote.replace(':v1', ''));
    assert.deepEqual(JSON.parse(stdout).Tags, ['v1']);
    await skopeo('delete', '--tls-verify=false', remote);
    await assert.rejects(
      skopeo('inspect', '--tls-verify=false', remote),
      /manifest unknown|MANIFEST_UNKNOWN|no manifest/,
    );
  });
}

function skopeo(...args: string[]) {
  return run('skopeo', ['--insecure-policy', ...args], { timeout: 60_000 });
}

/** An OCI layout of an index with an image for each of two platforms, one layer shared. */
async function writeLayout(folder: string): Promise<void> {
  await mkdir(join(folder, 'blobs/sha256'), { recursive: true });
  const put = async (bytes: Uint8Array, mediaType: string) => {
    await writeFile(join(folder, 'blobs/sha256', hexOf(digestOf(bytes))), bytes);
    return { mediaType, digest: digestOf(bytes), size: bytes.length };
  };
  const json = (value: unknown, mediaType: string) => put(utf8(JSON.stringify(value)), mediaType);

  // Two blocks of zeros end a tar archive: an empty one, and with some padding another.
  const tars = [new Uint8Array(1024), new Uint8Array(2048)];
  const shared = await put(gzipSync(tars[0] ?? ''), mediaTypes.ociLayerGzip);
  const own = await put(gzipSync(tars[1] ?? ''), mediaTypes.ociLayerGzip);
  const manifests: object[] = [];
  for (const architecture of ['amd64', 'arm64']) {
    const layers = architecture === 'amd64' ? [shared] : [shared, own];
    const diffIds = tars.slice(0, layers.length).map((tar) => digestOf(tar));
    const config = await json(
      { architecture, os: 'linux', config: {}, rootfs: { type: 'layers', diff_ids: diffIds } },
      mediaTypes.ociConfig,
    );
    const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers };
    const descriptor = await json(manifest, mediaTypes.ociManifest);
    manifests.push({ ...descriptor, platform: { architecture, os: 'linux' } });
  }
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests };
  const descriptor = await json(index, mediaTypes.ociIndex);
  const annotations = { 'org.opencontainers.image.ref.name': 'v1' };
  const top = { schemaVersion: 2, manifests: [{ ...descriptor, annotations }] };
  await writeFile(join(folder, 'index.json'), JSON.stringify(top));
  await writeFile(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
}

async function contentOf(folder: string): Promise<Map<string, string>> {
  const content = new Map<string, string>();
  for (const name of (await readdir(folder)).sort()) {
    content.set(name, digestOf(await readFile(join(folder, name))));
  }
  return content;
}

async function temporaryFolder() {
  const folder = await mkdtemp(join(tmpdir(), 'cm-skopeo-'));
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}
