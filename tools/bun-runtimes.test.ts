import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runCommand, succeeded } from '../test/support/command.ts';
import { bunRuntimes, fetchBunRuntime, ownPlatform } from './bun-runtimes.ts';

const root = join(import.meta.dirname, '..');

test('there is one for every platform that bun names, and the one of this machine is among them', () => {
  const bun = JSON.parse(readFileSync(join(root, 'node_modules/bun/package.json'), 'utf8'));
  const known = [...bunRuntimes.values()].map((each) => [each.packageName, each.version]);
  assert.deepEqual(Object.fromEntries(known), bun.optionalDependencies);
  assert.ok(bunRuntimes.has(ownPlatform()), ownPlatform());
});

test('a platform that there is not is told, with those that there are', async () => {
  const { code, stdout, stderr } = await runCommand(process.execPath, [
    ...[join(root, 'tools/build-bin.ts'), 'linux-arm64', 'linux-riscv64'],
  ]);
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(
    stderr,
    /^build:bin: nothing can be built for "linux-riscv64"; there are darwin-arm64, /,
  );
});

const runtime = { platform: 'windows-x64', packageName: '@oven/bun-windows-x64', version: '1.2.3' };
let folder: string;
let tarball: Buffer;
let origin: string;
/** npm's registry, with one package. */
const registry = createServer((request, response) => {
  const { packageName, version } = runtime;
  if (request.url?.endsWith('.tgz')) return response.end(tarball);
  const dist = { tarball: `http://${request.headers.host}/bun.tgz` };
  const versions = { [version]: { name: packageName, version, dist } };
  return response.end(JSON.stringify({ name: packageName, versions }));
});
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cm-runtimes-'));
  mkdirSync(join(folder, 'package/bin'), { recursive: true });
  writeFileSync(join(folder, 'package/package.json'), '{"os":["win32"],"cpu":["x64"]}');
  writeFileSync(join(folder, 'package/bin/bun.exe'), 'a runtime');
  const file = join(folder, 'bun.tgz');
  succeeded(await runCommand('tar', ['-C', folder, '-czf', file, 'package']));
  tarball = readFileSync(file);
  await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(registry.address() as AddressInfo).port}/`;
});
after(async () => {
  await registry[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

test('npm fetches what the lock names, for whatever platform it is', async () => {
  const executable = await fetch('first', tarball);
  assert.equal(readFileSync(executable, 'utf8'), 'a runtime');
});

test('other bytes than those of the lock are refused', async () => {
  const message =
    /^npm could not fetch @oven\/bun-windows-x64 1\.2\.3:\n.*EINTEGRITY.*sha512-.* integrity checksum failed/s;
  await assert.rejects(fetch('second', Buffer.from('other bytes')), { message });
});

test('where npm reaches nobody, its words are told', async () => {
  const message = /^npm could not fetch @oven\/bun-windows-x64 1\.2\.3:\n.*ECONNREFUSED/s;
  await assert.rejects(fetch('third', tarball, 'http://127.0.0.1:1/'), { message });
});

/** With a cache of its own. */
function fetch(name: string, named: Buffer, npm_config_registry = origin): Promise<string> {
  const place = join(folder, name);
  mkdirSync(place);
  const integrity = `sha512-${createHash('sha512').update(named).digest('base64')}`;
  return fetchBunRuntime({ ...runtime, integrity }, place, {
    ...{ ...process.env, npm_config_registry, npm_config_cache: join(place, 'cache') },
    ...{ npm_config_noproxy: '127.0.0.1', npm_config_fetch_retries: '0' },
  });
}
