import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseGun } from '../../tuf/index.ts';
import type { SourceFile } from './ports.ts';
import { verifyRepository } from './verify-repository.ts';

const fixtures = 'test/fixtures/notary';

/** What notary-server served of a case, current files and old roots. */
function served(name: string) {
  const server = join(fixtures, name, 'server');
  const gun = parseGun(readFileSync(join(fixtures, name, 'GUN'), 'utf8').trim());
  const files = new Map<string, SourceFile>();
  for (const path of readdirSync(server, { recursive: true, encoding: 'utf8' })) {
    const role = /^(?:\d+\.)?(.*)\.json$/.exec(path)?.[1];
    if (!role || role === 'changefeed') continue;
    const bytes = readFileSync(join(server, path));
    const { version } = JSON.parse(bytes.toString()).signed;
    files.set(`${role} ${version}`, { role, version, bytes });
  }
  return { gun, files };
}

for (const name of readdirSync(fixtures).filter((entry) => !entry.includes('.'))) {
  test(`${name}: all of it is taken as it is, expired or not`, () => {
    const { gun, files } = served(name);
    const found = verifyRepository(gun, [...files.values()]);
    assert.deepEqual(found.leftOut, []);
    assert.equal(found.files.length, files.size);
    for (const { role, version, bytes } of found.files) {
      assert.deepEqual(bytes, files.get(`${role} ${version}`)?.bytes);
    }
    assert.equal(found.rootsFrom, 1);
  });
}

const name = 'delegations-jeff-releases';
const { gun, files } = served(name);
const role = (of: string) => [...files.values()].find((file) => file.role === of) as SourceFile;

/** Ways to spoil a repository, and the one reason why it is refused. */
const spoilt: readonly [string, (file: SourceFile) => SourceFile | undefined, string][] = [
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
  test(`${of} ${change.name || 'missing'}: ${code}`, () => {
    const changed = [...files.values()].flatMap((file) =>
      file.role === of ? (change(file) ?? []) : file,
    );
    assert.throws(() => verifyRepository(gun, changed), { code });
  });
}

test('a repository of another name is refused', () => {
  const other = parseGun('docker.example/other/name');
  assert.throws(() => verifyRepository(other, [...files.values()]), {
    code: 'TUF_ROOT_CERTIFICATE_NAME',
  });
});

test('what is newer than the timestamp says, or twice there, or no role is left out', () => {
  const signed = (of: SourceFile, version: number) =>
    Buffer.from(
      Buffer.from(of.bytes)
        .toString()
        .replace(/"version":\d+/, `"version":${version}`),
    );
  const targets = role('targets');
  const found = verifyRepository(gun, [
    ...files.values(),
    { role: 'targets', version: 99, bytes: signed(targets, 99) },
    targets,
    { role: 'TARGETS/x', version: 1, bytes: targets.bytes },
  ]);
  assert.equal(found.files.length, files.size);
  assert.equal(found.leftOut.length, 3);
  assert.match(found.leftOut.join('\n'), /targets 99: newer than what the timestamp leads to/);
});

test('a gap in the line of roots is told', () => {
  const rotated = served('root-rotation-v4');
  rotated.files.delete('root 2');
  const found = verifyRepository(rotated.gun, [...rotated.files.values()]);
  assert.deepEqual([found.root.version, found.rootsFrom], [4, 3]);
});

/** Signed by nobody: one character of every signature is another. */
function resigned(file: SourceFile): SourceFile {
  const text = Buffer.from(file.bytes).toString();
  const changed = text.replace(/"sig":"(.)/g, (_, first) => `"sig":"${first === 'A' ? 'B' : 'A'}`);
  return { ...file, bytes: Buffer.from(changed) };
}

function otherVersion(file: SourceFile): SourceFile {
  return { ...file, version: file.version + 1 };
}

function noJson(file: SourceFile): SourceFile {
  return { ...file, bytes: file.bytes.slice(1) };
}
