import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { CommitWatch } from './commit-watch.ts';

const skip = process.platform === 'linux' ? false : 'elsewhere the watch always says it may be';

test('every commit of every connection and process is seen, and nothing else', { skip }, (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'cm-watch-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'store.sqlite');
  using writer = new DatabaseSync(path);
  writer.exec('pragma journal_mode = wal; create table t (n integer)');
  using reader = new DatabaseSync(path, { readOnly: true });
  const count = () => reader.prepare('select count(*) as n from t').get()?.n;
  assert.equal(count(), 0);
  const watch = new CommitWatch(path);

  assert.equal(watch.mayHaveChanged(), true, 'the first time nothing is known');
  assert.equal(watch.mayHaveChanged(), false);
  writer.exec('begin; insert into t values (1)');
  assert.equal(watch.mayHaveChanged(), false, 'not committed');
  writer.exec('commit');
  assert.equal(watch.mayHaveChanged(), true);
  assert.equal(count(), 1);
  assert.equal(watch.mayHaveChanged(), false, 'a read is no commit');

  const program = `import { DatabaseSync } from 'node:sqlite';
    new DatabaseSync(process.argv[1]).exec('insert into t values (2)')`;
  const args = ['--input-type=module', '-e', program, path];
  assert.equal(spawnSync(process.execPath, args).status, 0);
  assert.equal(watch.mayHaveChanged(), true, 'another process');
  assert.equal(count(), 2);

  for (const mode of ['passive', 'restart', 'truncate']) {
    writer.exec(`pragma wal_checkpoint(${mode}); insert into t values (3)`);
    assert.equal(watch.mayHaveChanged(), true, mode);
    assert.equal(watch.mayHaveChanged(), false, mode);
  }
});

test('without an index to watch, it always may be', () => {
  const watch = new CommitWatch(join(tmpdir(), 'cm-no-such-database'));
  assert.equal(watch.mayHaveChanged(), true);
  assert.equal(watch.mayHaveChanged(), true);
});
