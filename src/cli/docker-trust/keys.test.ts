/** The commands that show private keys, and move them between trust folders on the disk. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  filesOf,
  gun,
  keyOf,
  keysOf,
  modeOf,
  must,
  noPassphrases,
  paula,
} from '../../../test/support/keys-desk.ts';
import { MemoryTrust } from '../../../test/support/memory-trust.ts';
import { TrustDesk } from '../../../test/support/trust-desk.ts';

const plain = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
  type: 'pkcs8',
  format: 'pem',
});

test('key ls shows every key, with what is known of it unopened', async () => {
  using desk = paula();
  const keys = await keysOf(desk);
  assert.deepEqual(
    keys.map(({ role, gun, algorithm, encrypted }) => [role, gun, algorithm, encrypted]).sort(),
    [
      ['jeff', null, 'ecdsa', true],
      ['root', null, 'ecdsa', true],
      ['targets', gun, 'ecdsa', true],
    ],
  );
  for (const { id, location } of keys) {
    assert.equal(location, join(desk.trust, 'private', `${id}.key`));
  }
  const text = await must(desk, 'key', 'ls');
  assert.match(text, /^ROLE +REPOSITORY +KEY ID +ALGORITHM +ENCRYPTED +LOCATION\n/);
  assert.match(text, new RegExp(`^targets +${gun} +[0-9a-f]{64} +ecdsa +yes +/`, 'm'));
  using nobody = new TrustDesk(new MemoryTrust(() => new Date()));
  assert.equal(await must(nobody, 'key', 'ls'), 'No keys.\n');
});

test('keys go from folder to folder by export and import, encrypted as they are', async () => {
  using desk = paula();
  using other = new TrustDesk(new MemoryTrust(() => new Date()), { env: noPassphrases });
  const file = join(desk.folder, 'keys.pem');
  assert.equal(await must(desk, 'key', 'export', '-o', file), `Exported 3 keys to ${file}\n`);
  assert.equal(modeOf(file), 0o600);
  const again = await desk.run(['key', 'export', '-o', file]);
  assert.deepEqual([again.code, /FOLDER_FILE_EXISTS/.test(again.stderr)], [1, true]);
  await must(other, 'key', 'import', file);
  assert.deepEqual(filesOf(other), filesOf(desk));
  assert.match(await must(other, 'key', 'import', file), /^(Already there: .*\n){3}$/);
});

test('export chooses by id and by repository', async () => {
  using desk = paula();
  const { id } = await keyOf(desk, 'jeff');
  const one = await must(desk, 'key', 'export', id.slice(0, 12));
  assert.match(one, new RegExp(`^-----BEGIN .*\npath: ${id}\nrole: jeff\n\n`));
  assert.equal(one.match(/BEGIN/g)?.length, 1);
  const targets = await must(desk, 'key', 'export', '--repository', gun);
  assert.match(targets, new RegExp(`\ngun: ${gun}\npath: [0-9a-f]{64}\nrole: targets\n`));
  assert.equal(targets.match(/BEGIN/g)?.length, 1);
  for (const args of [['--repository', 'other/app'], ['ffff'], ['fff'], ['']]) {
    assert.equal((await desk.run(['key', 'export', ...args])).code, 1, args.join());
  }
});

/** A PEM file -> what import makes of it. */
const imports: readonly [what: string, pem: string, args: string[], expected: RegExp][] = [
  ['an open key', String(plain), [], /^Imported delegation key [0-9a-f]{64}\n$/],
  ['an open key of a role', String(plain), ['-r', 'ann'], /^Imported ann key [0-9a-f]{64}\n$/],
  [
    'an open key of a repository',
    String(plain),
    ['-r', 'targets', '--repository', gun],
    new RegExp(`^Imported targets key [0-9a-f]{64} of ${gun}\n$`),
  ],
  ['a key without its repository', String(plain), ['-r', 'targets'], /FOLDER_KEY_NEEDS_GUN/],
  [
    'a key under the id of another',
    String(plain).replace('\n', `\npath: ${'ab'.repeat(32)}\nrole: ann\n\n`),
    [],
    /FOLDER_KEY_MISNAMED/,
  ],
  [
    'a public key',
    '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n',
    [],
    /FOLDER_KEY_UNSUPPORTED/,
  ],
  ['text', 'no key\n', [], /FOLDER_KEY_MALFORMED/],
];

for (const [what, pem, args, expected] of imports) {
  test(`import takes ${what} for what it is`, async () => {
    using desk = new TrustDesk(new MemoryTrust(() => new Date()));
    const file = join(desk.folder, 'some.pem');
    writeFileSync(file, pem);
    const { code, stdout, stderr } = await desk.run(['key', 'import', ...args, file]);
    assert.match(stdout + stderr, expected);
    assert.equal(code, stdout.startsWith('Imported') ? 0 : 1);
    for (const { encrypted, location } of await keysOf(desk)) {
      assert.equal(encrypted, true);
      assert.equal(modeOf(location), 0o600);
    }
  });
}

test('import leaves a key alone that is there under another passphrase', async () => {
  using desk = paula();
  const file = join(desk.folder, 'keys.pem');
  await must(desk, 'key', 'export', '-o', file);
  const { id } = await keyOf(desk, 'jeff');
  desk.env.COUNTERMARK_NEW_PASSPHRASE = 'another passphrase';
  await must(desk, 'key', 'passwd', id);
  const before = filesOf(desk);
  const { code, stderr, stdout } = await desk.run(['key', 'import', file, '--json']);
  assert.equal(code, 1);
  assert.match(stderr, /^jeff key [0-9a-f]{64}: FOLDER_KEY_EXISTS: /);
  assert.deepEqual(
    JSON.parse(stdout)
      .map((row: { outcome: string }) => row.outcome)
      .sort(),
    ['failed', 'there', 'there'],
  );
  assert.deepEqual(filesOf(desk), before);
});

/** Where the new passphrase comes from. */
const newPassphrases: readonly [where: string, set: (desk: TrustDesk) => Record<string, string>][] =
  [
    ['a variable', () => ({ COUNTERMARK_NEW_PASSPHRASE: 'the new one' })],
    [
      'a file',
      ({ folder }) => {
        writeFileSync(join(folder, 'secret'), 'the new one\n');
        return { COUNTERMARK_NEW_PASSPHRASE_FILE: join(folder, 'secret') };
      },
    ],
    [
      'a file descriptor',
      ({ folder }) => {
        writeFileSync(join(folder, 'secret'), 'the new one');
        return { COUNTERMARK_NEW_PASSPHRASE_FD: String(openSync(join(folder, 'secret'), 'r')) };
      },
    ],
  ];

for (const [where, set] of newPassphrases) {
  test(`passwd takes the new passphrase from ${where}`, async () => {
    using desk = paula();
    const { id, location } = await keyOf(desk, 'root');
    const before = readFileSync(location);
    Object.assign(desk.env, set(desk));
    assert.equal(
      await must(desk, 'key', 'passwd', id.slice(0, 7)),
      `Changed the passphrase of the root key ${id}\n`,
    );
    assert.notDeepEqual(readFileSync(location), before);
    assert.equal(modeOf(location), 0o600);
    const descriptor = desk.env.COUNTERMARK_NEW_PASSPHRASE_FD;
    if (descriptor) closeSync(Number(descriptor));
    const wrong = await desk.run(['key', 'backup', join(desk.folder, 'b1')]);
    assert.match(wrong.stderr, /FOLDER_BACKUP_UNTRIED/);
    desk.env.DOCKER_CONTENT_TRUST_ROOT_PASSPHRASE = 'the new one';
    await must(desk, 'key', 'backup', join(desk.folder, 'b2'));
  });
}

test('without a new passphrase, passwd says how to give one and changes nothing', async () => {
  using desk = paula();
  const before = filesOf(desk);
  const { code, stderr } = await desk.run(['key', 'passwd', (await keyOf(desk, 'root')).id]);
  assert.equal(code, 3);
  assert.match(stderr, /^PASSPHRASE_NEEDED: .*COUNTERMARK_NEW_PASSPHRASE \(or the same with _FILE/);
  assert.deepEqual(filesOf(desk), before);
});
