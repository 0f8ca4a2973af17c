import assert from 'node:assert/strict';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { runs } from '../../../test/support/property-runs.ts';
import { syncedPaths } from '../../../test/support/synced-paths.ts';
import { fromUtf8, isStoreError, utf8 } from '../../base/index.ts';
import type { RoleChange } from '../../client/index.ts';
import { parseGun } from '../../tuf/index.ts';
import { parseChangeFile, serializeChangeFile } from './change-file.ts';
import { ChangeFolder } from './index.ts';
import { changelistFolder } from './paths.ts';

const fixture = fileURLToPath(
  new URL('../../../test/fixtures/notary/staged-changes/', import.meta.url),
);
const notarys = join(fixture, 'client');
const gun = parseGun(readFileSync(join(fixture, 'GUN'), 'utf8').trim());
const then = () => new Date('2026-11-21T10:00:00Z');
const witness: RoleChange = { kind: 'witness', role: 'targets' };

test('every change that notary stages is read, in the order in which notary lists them', async () => {
  const changes = await changesIn(notarys);
  assert.deepEqual(
    changes.map((change) => serialized(change).slice(0, 4)),
    statusOfNotary(),
  );
  const [v1, v2, , v3, odd, gone, keys, paths, kate, noPaths, noKeys, noPath, , purge] = changes;
  const content = digestsOf(v2);
  assert.deepEqual(Object.keys(content), ['sha256', 'sha512']);
  assert.deepEqual(
    [digestsOf(v1), digestsOf(v3)],
    [{ sha256: content.sha256 }, { sha512: content.sha512 }],
  );
  assert.deepEqual(v2?.kind === 'create-target' && v2.meta.custom, {
    by: 'notary',
    n: [1, 2, null],
    odd: 'é "q"',
  });
  assert.equal(odd?.kind === 'create-target' && odd.name, 'a<b>&c é"');
  assert.deepEqual(gone, { kind: 'delete-target', role: 'targets/releases', name: 'v1' });
  const jeff = '29a4fa52ccbd809e2f9e5c6cc487f5daca9e578c22512565e370b5b829aab836';
  assert.ok(keys?.kind === 'add-delegation');
  assert.deepEqual(
    keys.keys.map(({ keyType }) => keyType),
    ['ecdsa-x509', 'rsa'],
  );
  assert.equal(keys.keys[0]?.canonicalId, jeff);
  const trim = { kind: 'trim-delegation', name: 'targets/releases', keyIds: [], paths: [] };
  assert.deepEqual(
    [paths, kate, noPaths, noKeys, noPath, purge],
    [
      { kind: 'add-delegation', name: 'targets/releases', keys: [], paths: [''] },
      { kind: 'add-delegation', name: 'targets/kate', keys: [], paths: ['v1', 'v2'] },
      { ...trim, paths: ['v1', 'v2'] },
      { ...trim, keyIds: [jeff] },
      { ...trim, name: 'targets/kate', isEveryPath: true },
      { kind: 'purge-keys', keyIds: [jeff] },
    ],
  );
});

test('what notary wrote is written again by us, value for value', async () => {
  for (const { file, ...listed } of await new ChangeFolder(notarys, then).list(gun)) {
    const written = readFileSync(file);
    assert.ok('change' in listed);
    // Notary leaves the threshold out where it adds no key; with one it reads the same.
    const ours = valuesOf(serializeChangeFile(listed.change));
    const theirs = valuesOf(written);
    if (theirs.data?.add_paths) Object.assign(theirs.data, { threshold: 1 });
    assert.deepEqual(ours, theirs, basename(file));
  }
});

test('a change is a private file, named as notary names them, behind all that are there', async (t) => {
  const trust = temporaryFolder(t);
  const folder = changelistFolder(trust, gun);
  const early = new ChangeFolder(trust, () => new Date(0));
  await new ChangeFolder(trust, then).append(gun, [witness]);
  await early.append(gun, [{ kind: 'delete-target', role: 'targets', name: '1' }]);
  await early.append(gun, [
    { kind: 'delete-target', role: 'targets', name: '2' },
    { kind: 'delete-target', role: 'targets', name: '3' },
  ]);
  const changes = await changesIn(trust);
  assert.deepEqual(
    changes.map((change) => (change.kind === 'delete-target' ? change.name : change.kind)),
    ['witness', '1', '2', '3'],
  );
  const names = readdirSync(folder).sort();
  assert.match(names[0] ?? '', /^01795255200000000000_[0-9a-f-]{36}\.change$/);
  assert.match(names[3] ?? '', /^01795255200000000003_/);
  for (const name of names) assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600);
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  assert.deepEqual(readdirSync(join(folder, '..')), ['changelist'], 'nothing is left beside it');
});

test('a change that was staged is on the disk, with the names of all folders that were made for it', async (t) => {
  const trust = realpathSync(temporaryFolder(t));
  const folder = changelistFolder(trust, gun);
  const synced = await syncedPaths(t, trust);
  await new ChangeFolder(trust, then).append(gun, [witness]);
  assert.match(synced.at(-2) ?? '', /changelist\.[0-9a-f]{12}\.tmp$/);
  assert.equal(synced.at(-1), folder);
  const above = [dirname(folder)];
  while (above[0] !== trust) above.unshift(dirname(above[0] ?? ''));
  assert.deepEqual(synced.slice(0, -2).sort(), above);
});

test('what a crash leaves beside the list is no change, and a folder in it is none', async (t) => {
  const trust = temporaryFolder(t);
  const folder = changelistFolder(trust, gun);
  await new ChangeFolder(trust, then).append(gun, [witness]);
  writeFileSync(`${folder}.0123456789ab.tmp`, '{"action"');
  // Of a repository whose name ends in /changelist.
  mkdirSync(join(folder, 'metadata'));
  assert.deepEqual(await changesIn(trust), [witness]);
});

test('what was left beside the list an hour ago is gone with the next change', async (t) => {
  const trust = temporaryFolder(t);
  const folder = changelistFolder(trust, gun);
  mkdirSync(folder, { recursive: true });
  const left = (name: string, minutesAgo: number) => {
    const file = join(folder, '..', name);
    writeFileSync(file, '{"action"');
    const at = new Date(then().getTime() - minutesAgo * 60_000);
    utimesSync(file, at, at);
  };
  left('changelist.0123456789ab.tmp', 61);
  left('changelist.ba9876543210.tmp', 59);
  left('changelist.tmp', 61);
  await new ChangeFolder(trust, then).append(gun, [witness]);
  assert.deepEqual(readdirSync(join(folder, '..')).sort(), [
    'changelist',
    'changelist.ba9876543210.tmp',
    'changelist.tmp',
  ]);
});

/** Names that sort behind whatever is staged after them. */
const lasts = [`${'9'.repeat(20)}_aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa.change`, '9.change', 'zzz'];

for (const last of lasts) {
  test(`nothing is staged before ${last}`, async (t) => {
    const trust = temporaryFolder(t);
    const folder = changelistFolder(trust, gun);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, last), serializeChangeFile(witness));
    const list = new ChangeFolder(trust, then);
    await assert.rejects(list.append(gun, [witness]), (error) => {
      assert.ok(isStoreError(error) && error.message.includes(join(folder, last)));
      return error.code === 'FOLDER_CHANGE_LAST';
    });
    assert.deepEqual(readdirSync(folder), [last]);
    await list.remove(gun, [join(folder, last)]);
    await list.append(gun, [witness]);
    assert.deepEqual(await changesIn(trust), [witness]);
  });
}

test("a name of another kind that comes before the new one is in nobody's way", async (t) => {
  const trust = temporaryFolder(t);
  const folder = changelistFolder(trust, gun);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, '00.change'), serializeChangeFile(witness));
  const gone: RoleChange = { kind: 'delete-target', role: 'targets', name: 'v1' };
  await new ChangeFolder(trust, then).append(gun, [gone]);
  assert.deepEqual(await changesIn(trust), [witness, gone]);
});

test('only what is named is taken out, and what is gone already is no failure', async (t) => {
  const trust = temporaryFolder(t);
  const list = new ChangeFolder(trust, then);
  await list.append(gun, [witness, witness]);
  const [first] = await list.list(gun);
  await list.append(gun, [{ kind: 'delete-target', role: 'targets', name: 'v9' }]);
  await list.remove(gun, [first?.file ?? '', first?.file ?? '']);
  assert.deepEqual(
    (await changesIn(trust)).map(({ kind }) => kind),
    ['witness', 'delete-target'],
  );
});

const target = { action: 'create', role: 'targets', type: 'target', path: 'v1' };
const data = (json: unknown) => Buffer.from(JSON.stringify(json)).toString('base64');
const delegation = { ...target, role: 'targets/a', type: 'delegation', path: '' };

// biome-ignore format: a table
const unreadable: readonly (readonly [what: string, text: string, code: string])[] = [
  ['nothing',                       '',                                                     'FOLDER_CHANGE_MALFORMED'],
  ['half a file',                   '{"action":"create","role":"targ',                      'FOLDER_CHANGE_MALFORMED'],
  ['no object',                     '[]',                                                   'FOLDER_CHANGE_MALFORMED'],
  ['no role',                       '{"action":"create"}',                                  'FOLDER_CHANGE_MALFORMED'],
  ['a role that is none',           JSON.stringify({ ...target, role: 'targets/../x', data: data({ length: 1, hashes: { x: '' } }) }), 'FOLDER_CHANGE_MALFORMED'],
  ['a target of the snapshot',      JSON.stringify({ ...target, role: 'snapshot', data: data({ length: 1, hashes: { x: '' } }) }), 'FOLDER_CHANGE_MALFORMED'],
  ['a target without data',         JSON.stringify(target),                                 'FOLDER_CHANGE_MALFORMED'],
  ['data that is not base64',       JSON.stringify({ ...target, data: '*' }),               'FOLDER_CHANGE_MALFORMED'],
  ['a target without a hash',       JSON.stringify({ ...target, data: data({ length: 1, hashes: {} }) }), 'FOLDER_CHANGE_MALFORMED'],
  ['a hash that is too short',      JSON.stringify({ ...target, data: data({ length: 1, hashes: { sha256: 'AA==' } }) }), 'FOLDER_CHANGE_MALFORMED'],
  ['a key that is none',            JSON.stringify({ ...delegation, data: data({ add_keys: [{ keytype: 'ecdsa', keyval: { public: 'AA==' } }] }) }), 'FOLDER_CHANGE_MALFORMED'],
  ['a key id that is none',         JSON.stringify({ ...delegation, action: 'update', data: data({ remove_keys: ['x'] }) }), 'FOLDER_CHANGE_MALFORMED'],
  ['more than a file may have',     ' '.repeat(1024 * 1024 + 1),                            'FOLDER_TOO_LARGE'],
  ['an action that is none',        JSON.stringify({ ...target, action: 'move' }),          'FOLDER_CHANGE_UNKNOWN'],
  ['another key of a base role',    JSON.stringify({ ...target, role: 'root', type: 'role' }), 'FOLDER_CHANGE_UNKNOWN'],
  ['another name of a delegation',  JSON.stringify({ ...delegation, data: data({ new_name: 'targets/b' }) }), 'FOLDER_CHANGE_UNKNOWN'],
  ['a threshold of two',            JSON.stringify({ ...delegation, data: data({ threshold: 2 }) }), 'FOLDER_CHANGE_UNKNOWN'],
  ['an update that adds',           JSON.stringify({ ...delegation, action: 'update', data: data({ add_paths: [''] }) }), 'FOLDER_CHANGE_UNKNOWN'],
  ['a purge that takes prefixes',   JSON.stringify({ ...delegation, action: 'update', role: 'targets/*', data: data({ clear_paths: true }) }), 'FOLDER_CHANGE_UNKNOWN'],
  ['a purge of a part',             JSON.stringify({ ...delegation, action: 'update', role: 'targets/a/*', data: data({ remove_keys: [] }) }), 'FOLDER_CHANGE_MALFORMED'],
];

for (const [what, text, code] of unreadable) {
  test(`${what} is listed as ${code}, and the message names the file`, async (t) => {
    const trust = temporaryFolder(t);
    cpSync(join(notarys, 'tuf'), join(trust, 'tuf'), { recursive: true });
    const file = join(changelistFolder(trust, gun), '01795283999999999999_spoilt.change');
    writeFileSync(file, text);
    const listed = await new ChangeFolder(trust, then).list(gun);
    assert.equal(listed.filter((each) => 'failure' in each).length, 1);
    const last = listed.at(-1) ?? assert.fail();
    assert.ok('failure' in last && last.failure.message.includes(file));
    assert.equal(last.failure.code, code);
  });
}

test('any bytes are a change, or refused with a code; a change that is read is written the same', () => {
  const member = fc.oneof(
    fc.constantFrom('create', 'update', 'delete', 'targets', 'targets/a', 'targets/*', 'target'),
    fc.constantFrom('delegation', 'witness', 'root', ''),
    fc.string(),
    fc.jsonValue(),
  );
  const inner = fc.dictionary(
    fc.constantFrom('length', 'hashes', 'custom', 'add_paths', 'remove_paths', 'clear_paths'),
    fc.oneof(
      fc.nat(),
      fc.boolean(),
      fc.array(fc.string()),
      fc.dictionary(fc.string(), fc.base64String()),
    ),
  );
  const change = fc.record({
    ...{ action: member, role: member, type: member, path: member },
    data: fc.oneof(inner.map(data), member),
  });
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        change.map((json) => utf8(JSON.stringify(json))),
      ),
      (bytes) => {
        try {
          const read = parseChangeFile(bytes, 'a.change');
          assert.deepEqual(parseChangeFile(serializeChangeFile(read), 'a.change'), read);
        } catch (error) {
          assert.ok(isStoreError(error) && error.code.startsWith('FOLDER_CHANGE_'), String(error));
        }
      },
    ),
    runs,
  );
});

async function changesIn(trust: string): Promise<RoleChange[]> {
  const listed = await new ChangeFolder(trust, then).list(gun);
  return listed.map((each) => ('change' in each ? each.change : assert.fail(each.failure.message)));
}

/** Action, role, type and path of each, from what notary printed. */
function statusOfNotary(): string[][] {
  const lines = readFileSync(join(fixture, 'status.txt'), 'utf8').split('\n');
  const rows = lines.filter((line) => /^\d/.test(line));
  return rows.map((row) => {
    const [, action = '', role = '', type = '', path = ''] = row.split(/ {2,}/);
    return [action, role, type, path];
  });
}

function valuesOf(bytes: Uint8Array) {
  const { data: encoded, ...members } = JSON.parse(fromUtf8(bytes));
  const text = encoded === null ? 'null' : Buffer.from(encoded, 'base64').toString();
  return { ...members, data: JSON.parse(text) };
}

function serialized(change: RoleChange): string[] {
  const { action, role, type, path } = valuesOf(serializeChangeFile(change));
  return [action, role, type, path];
}

function digestsOf(change: RoleChange | undefined): { [algorithm: string]: string } {
  assert.ok(change?.kind === 'create-target');
  const hashes = [...change.meta.hashes];
  return Object.fromEntries(
    hashes.map(([name, hash]) => [name, Buffer.from(hash).toString('hex')]),
  );
}

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'cm-changes-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}
