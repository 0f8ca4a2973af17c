/** The commands that look after private keys, in trust folders on the disk. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { MemoryTrust } from '../../../test/support/memory-trust.ts';
import { type DeskOptions, TrustDesk } from '../../../test/support/trust-desk.ts';

const gun = 'localhost:5443/acme/app';
const plain = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
  type: 'pkcs8',
  format: 'pem',
});

/** A folder with a repository with one signer: keys of root, targets and jeff. Others copy it. */
let template: TrustDesk;
before(async () => {
  template = new TrustDesk(new MemoryTrust(() => new Date()));
  await must(template, 'key', 'generate', 'jeff', '--dir', template.folder);
  const key = join(template.folder, 'jeff.pub');
  await must(template, 'signer', 'add', '--key', key, 'jeff', gun);
});
after(() => template[Symbol.dispose]());

/** paula, who has it. */
function paula(options: DeskOptions = {}): TrustDesk {
  const desk = new TrustDesk(new MemoryTrust(() => new Date()), options);
  cpSync(template.folder, desk.folder, { recursive: true });
  return desk;
}

async function must(desk: TrustDesk, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await desk.run(args);
  assert.equal(code, 0, `${args.join(' ')}\n${stdout}${stderr}`);
  return stdout;
}

interface Listed {
  readonly id: string;
  readonly role: string;
  readonly gun: string | null;
  readonly algorithm: string | null;
  readonly encrypted: boolean;
  readonly location: string;
}

async function keysOf(desk: TrustDesk): Promise<Listed[]> {
  return JSON.parse(await must(desk, 'key', 'ls', '--json'));
}

async function keyOf(desk: TrustDesk, role: string): Promise<Listed> {
  return (await keysOf(desk)).find((key) => key.role === role) ?? assert.fail(`no key of ${role}`);
}

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

/** `key rm` of a role with these flags, with or without a terminal where `answer` is typed. */
const removals: readonly [
  role: string,
  flags: string[],
  answer: string | undefined,
  code: number,
  says: RegExp,
][] = [
  ['jeff', [], undefined, 3, /^CLI_NOT_ASKED: /],
  ['jeff', ['-y'], undefined, 0, /^Removed the jeff key /],
  ['jeff', [], 'y\n', 0, /Are you sure .*\[y\/N\] Removed the jeff key /],
  ['jeff', [], 'n\n', 1, /Nothing was removed/],
  ['jeff', [], '', 1, /Nothing was removed/],
  ['root', [], undefined, 1, /is the only root key of localhost:5443\/acme\/app.*\nCLI_LAST_ROOT/],
  ['root', ['-y'], undefined, 1, /CLI_LAST_ROOT/],
  ['root', ['-y'], 'n\n', 1, /WARNING(.*\n)*.*Nothing was removed/],
  ['root', ['-y'], 'y\n', 0, /WARNING(.*\n)*.*Removed the root key/],
  ['root', ['-y', '--last-root'], undefined, 0, /WARNING(.*\n)*Removed the root key/],
];

for (const [role, flags, answer, code, says] of removals) {
  const where = answer === undefined ? 'without a terminal' : `answered ${JSON.stringify(answer)}`;
  test(`key rm ${flags.join(' ')} of ${role}, ${where}, ends with ${code}`, async () => {
    using desk = paula({ isTerminal: answer !== undefined });
    const { id, location } = await keyOf(desk, role);
    const ended = await desk.run(['key', 'rm', ...flags, id], answer);
    assert.match(ended.stderr + ended.stdout, says);
    assert.equal(ended.code, code);
    assert.equal(existsSync(location), code !== 0);
  });
}

test('with another root key of the repository here, the first may go', async () => {
  using desk = paula();
  const first = await keyOf(desk, 'root');
  await must(desk, 'key', 'generate', 'root', '--dir', desk.folder);
  // The new one is no root key of the repository: the first is still its last.
  assert.equal((await desk.run(['key', 'rm', '-y', first.id])).code, 1);
  const second = (await keysOf(desk)).find(({ role, id }) => role === 'root' && id !== first.id);
  await must(desk, 'key', 'rm', '-y', second?.id ?? '');
});

test('the only root key of a folder without metadata is the last one too', async () => {
  using desk = new TrustDesk(new MemoryTrust(() => new Date()));
  await must(desk, 'key', 'generate', 'root', '--dir', desk.folder);
  const { stderr } = await desk.run(['key', 'rm', '-y', (await keyOf(desk, 'root')).id]);
  assert.match(stderr, /^WARNING.*\nCLI_LAST_ROOT/);
});

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

const noPassphrases = {
  DOCKER_CONTENT_TRUST_ROOT_PASSPHRASE: '',
  DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE: '',
};

/** Names and bytes of the key files. */
function filesOf({ trust }: TrustDesk): (readonly [string, string])[] {
  const folder = join(trust, 'private');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((name) => [name, readFileSync(join(folder, name), 'utf8')]);
}

function modeOf(path: string): number {
  return statSync(path).mode & 0o777;
}
