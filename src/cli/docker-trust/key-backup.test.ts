/** `key backup` and `key restore`, in trust folders on the disk. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  filesOf,
  keyOf,
  modeOf,
  must,
  noPassphrases,
  paula,
} from '../../../test/support/keys-desk.ts';
import { MemoryTrust } from '../../../test/support/memory-trust.ts';
import { TrustDesk } from '../../../test/support/trust-desk.ts';

test('a backup is private, tried, and restores every byte', async () => {
  using desk = paula();
  using other = new TrustDesk(new MemoryTrust(() => new Date()), { env: noPassphrases });
  const file = join(desk.folder, 'backup.pem');
  const said = await must(desk, 'key', 'backup', file);
  assert.match(said, /^Backed up 3 keys to .*; restored it .* and opened 3 of them\.\n$/);
  assert.equal(modeOf(file), 0o600);
  assert.deepEqual(readdirSync(desk.trust).sort(), ['private', 'tuf'], 'nothing is left behind');
  assert.equal((await desk.run(['key', 'backup', file])).code, 1, 'it is not overwritten');
  assert.match(await must(other, 'key', 'restore', file), /^(Restored .*\n){3}$/);
  assert.deepEqual(filesOf(other), filesOf(desk));
  assert.equal(modeOf(join(other.trust, 'private')), 0o700);
  assert.match(await must(other, 'key', 'restore', file), /^(Already there: .*\n){3}$/);
});

test('a backup with a key that does not open is not kept, unless that is said', async () => {
  using desk = paula();
  desk.env.DOCKER_CONTENT_TRUST_ROOT_PASSPHRASE = 'wrong';
  const file = join(desk.folder, 'backup.pem');
  const { code, stderr } = await desk.run(['key', 'backup', file]);
  assert.deepEqual([code, existsSync(file)], [1, false]);
  assert.match(stderr, /^FOLDER_BACKUP_UNTRIED: 1 keys .*--untried/);
  assert.ok(!stderr.includes('wrong'), 'no passphrase is shown');
  const kept = await desk.run(['key', 'backup', '--untried', '--json', file]);
  assert.equal(kept.code, 0);
  assert.match(kept.stderr, /^WARNING: root key \w+ did not open: FOLDER_KEY_PASSPHRASE/);
  const { keys } = JSON.parse(kept.stdout);
  assert.deepEqual(keys.map((key: { opened: boolean }) => key.opened).sort(), [false, true, true]);
});

test('a backup of nothing is no backup', async () => {
  using desk = new TrustDesk(new MemoryTrust(() => new Date()));
  const { code, stderr } = await desk.run(['key', 'backup', join(desk.folder, 'backup')]);
  assert.deepEqual([code, stderr.split(':')[0]], [1, 'FOLDER_NO_KEYS']);
});

const damages: readonly [what: string, damage: (backup: string) => string][] = [
  ['cut off', (text) => text.slice(0, -200)],
  ['without its last key', (text) => text.slice(0, text.lastIndexOf('-----BEGIN'))],
  ['changed', (text) => text.replace('role: jeff', 'role: kate')],
  ['another file', () => 'PRIVATE'],
  ['empty', () => ''],
  ['said to have fewer keys', (text) => text.replace('3 keys', '2 keys')],
];

for (const [what, damage] of damages) {
  test(`a backup that is ${what} restores nothing`, async () => {
    using desk = paula();
    using other = new TrustDesk(new MemoryTrust(() => new Date()));
    const file = join(desk.folder, 'backup.pem');
    await must(desk, 'key', 'backup', file);
    writeFileSync(file, damage(readFileSync(file, 'utf8')));
    const { code, stderr } = await other.run(['key', 'restore', file]);
    assert.deepEqual([code, stderr.split(':')[0]], [1, 'FOLDER_BACKUP_DAMAGED']);
    assert.deepEqual(filesOf(other), []);
  });
}

test('restore never replaces a key that differs, and brings the others', async () => {
  using desk = paula();
  const file = join(desk.folder, 'backup.pem');
  await must(desk, 'key', 'backup', file);
  const { location } = await keyOf(desk, 'jeff');
  desk.env.COUNTERMARK_NEW_PASSPHRASE = 'another passphrase';
  await must(desk, 'key', 'passwd', (await keyOf(desk, 'jeff')).id);
  await must(desk, 'key', 'rm', '-y', (await keyOf(desk, 'targets')).id);
  const before = readFileSync(location);
  const { code, stdout, stderr } = await desk.run(['key', 'restore', file]);
  assert.equal(code, 1);
  assert.match(stdout, /^Restored targets key/m);
  assert.match(stdout, /^Already there: root key/m);
  assert.match(stderr, /^jeff key \w+: FOLDER_KEY_EXISTS/);
  assert.deepEqual(readFileSync(location), before);
});

test('a folder that cannot be written changes nothing, and says so', async () => {
  using desk = paula();
  const { code, stderr } = await desk.run(['key', 'backup', '/nosuch/folder/backup.pem']);
  assert.deepEqual([code, stderr.split(':')[0]], [1, 'FOLDER_UNWRITABLE']);
  const missing = await desk.run(['key', 'restore', '/nosuch']);
  assert.deepEqual([missing.code, missing.stderr.split(':')[0]], [3, 'CLI_FILE']);
});

test('long work shows a bar where somebody watches, and lines where nobody does', async () => {
  for (const isWatched of [true, false]) {
    using desk = new TrustDesk(new MemoryTrust(() => new Date()), { isWatched });
    mkdirSync(desk.trust);
    for (let i = 0; i < 10; i++) await must(desk, 'key', 'generate', `k${i}`, '--dir', desk.folder);
    const { stderr } = await desk.run(['key', 'backup', join(desk.folder, 'b')]);
    const lines = Array.from(
      { length: 10 },
      (_, i) => `opening each key of the backup: ${i + 1} of 10\n`,
    );
    if (isWatched)
      assert.match(stderr, /^(\ropening each key of the backup \[=+ *\] \d\/10){9}\r\S\[K$/);
    else assert.equal(stderr, lines.join(''));
  }
});
