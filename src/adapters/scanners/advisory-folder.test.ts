import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isStoreError } from '../../base/index.ts';
import { AdvisoryFolder, noAdvisories } from './advisory-folder.ts';

test('every JSON file of a tree of folders is an advisory', async (t) => {
  const folder = folderOf(t, {
    'a.json': advisory('CVE-1', 'npm', 'left-pad'),
    'debian/12/b.json': advisory('DSA-1', 'Debian:12', 'openssl'),
    'README.md': 'not one',
    '.git/c.json': 'not one',
  });
  const { count, warnings, about, has } = await new AdvisoryFolder(folder).current();
  assert.deepEqual([count, warnings], [2, []]);
  assert.deepEqual(
    about('npm', 'left-pad').map((match) => match.advisory.id),
    ['CVE-1'],
  );
  assert.deepEqual(
    about('Debian:12', 'openssl').map((match) => match.affected.name),
    ['openssl'],
  );
  assert.deepEqual([about('Debian:11', 'openssl'), about('npm', '__proto__')], [[], []]);
  assert.deepEqual([has('npm'), has('Debian:12'), has('Debian:11')], [true, true, false]);
});

test('a file that cannot be read is told, and the others count', async (t) => {
  const folder = folderOf(t, {
    'a.json': advisory('CVE-1', 'npm', 'left-pad'),
    'b.json': '{"id":',
    'c.json': JSON.stringify({ schema_version: '2.0.0', id: 'X-1' }),
    'd.json': advisory('CVE-2', 'npm', 'x'.repeat(5000)),
    'deep/er/e.json': advisory('CVE-3', 'npm', 'deep'),
  });
  symlinkSync('nowhere', join(folder, 'f.json'));
  const found = await new AdvisoryFolder(folder, { fileBytes: 2000, depth: 2 }).current();
  assert.equal(found.count, 1);
  assert.deepEqual(
    found.warnings.map(({ file, reason }) => `${file}: ${reason.slice(0, 30)}`).sort(),
    [
      'b.json: this advisory is not in OSV fo',
      'c.json: this advisory is written in OS',
      'd.json: it is larger than 2000 bytes',
      'deep/er: it lies too deep to be read',
      'f.json: it cannot be opened',
    ],
  );
});

test('a folder with more files than the limit says so', async (t) => {
  const files = Object.fromEntries(
    Array.from({ length: 5 }, (_, i) => [`${i}.json`, advisory(`CVE-${i}`, 'npm', 'a')]),
  );
  const found = await new AdvisoryFolder(folderOf(t, files), { files: 3 }).current();
  assert.equal(found.count, 3);
  assert.match(found.warnings[0]?.reason ?? '', /more than 3 files/);
});

test('a folder that changes is read again, in what changed', async (t) => {
  const folder = folderOf(t, { 'a.json': advisory('CVE-1', 'npm', 'a') });
  const source = new AdvisoryFolder(folder);
  const before = await source.current();
  assert.equal(await source.current(), before, 'nothing changed, so nothing is made anew');
  writeFileSync(join(folder, 'b.json'), advisory('CVE-2', 'npm', 'a'));
  const added = await source.current();
  assert.deepEqual([added.count, added.about('npm', 'a').length], [2, 2]);
  assert.notEqual(added.revision, before.revision);
  rmSync(join(folder, 'b.json'));
  assert.equal((await source.current()).revision, before.revision);
  writeFileSync(join(folder, 'a.json'), advisory('CVE-9', 'npm', 'a'));
  utimesSync(join(folder, 'a.json'), 1, 1);
  assert.deepEqual(
    (await source.current()).about('npm', 'a').map((one) => one.advisory.id),
    ['CVE-9'],
  );
  assert.equal(before.count, 1, 'a set that was given out does not change');
});

test('of two advisories with one id the later counts, and withdrawn ones do not', async (t) => {
  const folder = folderOf(t, {
    '1.json': advisory('CVE-1', 'npm', 'new', { modified: '2026-01-02T00:00:00Z' }),
    '2.json': advisory('CVE-1', 'npm', 'old', { modified: '2026-01-01T00:00:00Z' }),
    '3.json': advisory('CVE-2', 'npm', 'gone', { withdrawn: '2026-01-01T00:00:00Z' }),
  });
  const { about } = await new AdvisoryFolder(folder).current();
  assert.deepEqual(
    [about('npm', 'new').length, about('npm', 'old').length, about('npm', 'gone').length],
    [1, 0, 0],
  );
});

test('a mounted folder of links to files is read', async (t) => {
  const folder = folderOf(t, { '..data/a.json': advisory('CVE-1', 'npm', 'a') });
  symlinkSync('..data/a.json', join(folder, 'a.json'));
  assert.equal((await new AdvisoryFolder(folder).current()).count, 1);
});

test('a folder that is not there stops the review', async () => {
  await assert.rejects(
    new AdvisoryFolder('/nowhere/at/all').current(),
    (error) => isStoreError(error) && error.code === 'SCAN_ADVISORIES_UNAVAILABLE',
  );
});

test('a store without advisories knows of none', async () => {
  const none = await noAdvisories.current();
  assert.deepEqual([none.count, none.has('npm'), none.warnings], [0, false, []]);
});

function advisory(id: string, ecosystem: string, name: string, more: object = {}): string {
  const ranges = [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }] }];
  return JSON.stringify({
    id,
    modified: '',
    affected: [{ package: { ecosystem, name }, ranges }],
    ...more,
  });
}

function folderOf(t: TestContext, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'advisories-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}
