import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Gun, parseGun } from '../../tuf/index.ts';
import type { SourceFile } from './ports.ts';
import { verifyRepository } from './verify-repository.ts';

const fixtures = 'test/fixtures/notary';

interface ServedFile extends Omit<SourceFile, 'read'> {
  readonly bytes: Uint8Array;
}

const verified = (gun: Gun, files: Iterable<ServedFile>) =>
  verifyRepository(
    gun,
    Array.from(files, ({ bytes, ...file }) => ({ ...file, read: async () => bytes })),
  );

/** What notary-server served of a case, current files and old roots. */
function served(name: string) {
  const server = join(fixtures, name, 'server');
  const gun = parseGun(readFileSync(join(fixtures, name, 'GUN'), 'utf8').trim());
  const files = new Map<string, ServedFile>();
  for (const path of readdirSync(server, { recursive: true, encoding: 'utf8' })) {
    const role = /^(?:\d+\.)?(.*)\.json$/.exec(path)?.[1];
    if (!role || role === 'changefeed') continue;
    const bytes = readFileSync(join(server, path));
    const { version } = JSON.parse(bytes.toString()).signed;
    files.set(`${role} ${version}`, { role, version, bytes });
  }
  return { gun, files };
}

// Where nothing was published, no server has anything.
const cases = readdirSync(fixtures).filter((name) => existsSync(join(fixtures, name, 'server')));
for (const name of cases) {
  test(`${name}: all of it is taken as it is, expired or not`, async () => {
    const { gun, files } = served(name);
    const found = await verified(gun, files.values());
    assert.deepEqual(found.leftOut, []);
    assert.equal(found.files.length, files.size);
    for (const { role, version, read } of found.files) {
      assert.deepEqual(await read(), files.get(`${role} ${version}`)?.bytes);
    }
    assert.equal(found.rootsFrom, 1);
  });
}

const name = 'delegations-jeff-releases';
const { gun, files } = served(name);
const role = (of: string) => [...files.values()].find((file) => file.role === of) as ServedFile;

/** Ways to spoil a repository, and the one reason why it is refused. */
const spoilt: readonly [string, (file: ServedFile) => ServedFile | undefined, string][] = [
  ['timestamp', () => undefined, 'IMPORT_NO_TIMESTAMP'],
  ['snapshot', () => undefined, 'IMPORT_FILE_MISSING'],
  ['root', () => undefined, 'IMPORT_FILE_MISSING'],
  ['targets', () => undefined, 'IMPORT_FILE_MISSING'],
  ['targets/jeff', () => undefined, 'IMPORT_FILE_MISSING'],
  ['timestamp', resigned, 'TUF_BELOW_THRESHOLD'],
  ['timestamp', otherVersion, 'IMPORT_NO_TIMESTAMP'],
  ['snapshot', resigned, 'IMPORT_FILE_MISSING'],
  ['root', resigned, 'IMPORT_FILE_MISSING'],
  ['targets', resigned, 'IMPORT_FILE_MISSING'],
  ['targets', noJson, 'IMPORT_FILE_MISSING'],
];
for (const [of, change, code] of spoilt) {
  test(`${of} ${change.name || 'missing'}: ${code}`, async () => {
    const changed = [...files.values()].flatMap((file) =>
      file.role === of ? (change(file) ?? []) : file,
    );
    await assert.rejects(verified(gun, changed), { code });
  });
}

test('a repository of another name is refused', async () => {
  const other = parseGun('docker.example/other/name');
  const code = 'TUF_ROOT_CERTIFICATE_NAME';
  await assert.rejects(verified(other, files.values()), { code });
});

test('what is newer than the timestamp says, or twice there, or no role is left out', async () => {
  const signed = (of: ServedFile, version: number) =>
    Buffer.from(
      Buffer.from(of.bytes)
        .toString()
        .replace(/"version":\d+/, `"version":${version}`),
    );
  const targets = role('targets');
  const found = await verified(gun, [
    ...files.values(),
    { role: 'targets', version: 99, bytes: signed(targets, 99) },
    targets,
    { role: 'TARGETS/x', version: 1, bytes: targets.bytes },
  ]);
  assert.equal(found.files.length, files.size);
  assert.equal(found.leftOut.length, 3);
  assert.match(found.leftOut.join('\n'), /targets 99: newer than what the timestamp leads to/);
});

test('a gap in the line of roots is told', async () => {
  const rotated = served('root-rotation-v4');
  rotated.files.delete('root 2');
  const found = await verified(rotated.gun, rotated.files.values());
  assert.deepEqual([found.root.version, found.rootsFrom], [4, 3]);
});

test('nothing is held of a file, and one that is another the next time is told', async () => {
  let open = 0;
  let isChanged = false;
  const found = await verifyRepository(
    gun,
    Array.from(files.values(), ({ bytes, ...file }) => ({
      ...file,
      read: async () => {
        assert.equal(++open, 1, 'one file is read after the other');
        await new Promise(setImmediate);
        open--;
        return isChanged ? bytes.slice(1) : bytes;
      },
    })),
  );
  isChanged = true;
  for (const { read } of found.files) await assert.rejects(read(), { code: 'IMPORT_CHANGED' });
});

/** Signed by nobody: one character of every signature is another. */
function resigned(file: ServedFile): ServedFile {
  const text = Buffer.from(file.bytes).toString();
  const changed = text.replace(/"sig":"(.)/g, (_, first) => `"sig":"${first === 'A' ? 'B' : 'A'}`);
  return { ...file, bytes: Buffer.from(changed) };
}

function otherVersion(file: ServedFile): ServedFile {
  return { ...file, version: file.version + 1 };
}

function noJson(file: ServedFile): ServedFile {
  return { ...file, bytes: file.bytes.slice(1) };
}
