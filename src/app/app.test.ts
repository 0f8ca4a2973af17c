import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parseConfig } from './config.ts';
import { DataFolder } from './data-folder.ts';
import { openTls } from './tls.ts';

const now = new Date('2026-11-20T12:00:00Z');
const flags = { data: 'd', listen: 'localhost:5443' };
const folders: string[] = [];
const fresh = () => {
  folders.push(mkdtempSync(join(tmpdir(), 'cm-app-')));
  return folders.at(-1) as string;
};
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

// biome-ignore format: the columns line up
const names: [listen: string, origin: string[], origins: string[]][] = [
  ['localhost:5443',      [],                ['localhost:5443', '127.0.0.1:5443']],
  ['127.0.0.1:15443',     [],                ['127.0.0.1:15443', 'localhost:15443']],
  ['[::1]:5443',          [],                ['[::1]:5443', 'localhost:5443', '127.0.0.1:5443']],
  ['store.example:443',   [],                ['store.example', 'store.example:443']],
  ['10.0.0.1:5443',       ['Store.Example'], ['store.example', '10.0.0.1:5443']],
];
for (const [listen, origin, origins] of names) {
  test(`listening on ${listen}, known as ${origin}, its names are ${origins}`, () => {
    assert.deepEqual(parseConfig({ ...flags, listen, origin }).origins, origins);
  });
}

// biome-ignore format: the columns line up
const refused: [change: object, code: string][] = [
  [{ listen: '5443' },               'CONFIG_LISTEN'],
  [{ listen: 'localhost:0' },        'CONFIG_LISTEN'],
  [{ listen: 'localhost:99999' },    'CONFIG_LISTEN'],
  [{ listen: '::1:5443' },           'CONFIG_LISTEN'],
  [{ origin: ['https://a.example'] },'CONFIG_ORIGIN'],
  [{ origin: ['a.example/x'] },      'CONFIG_ORIGIN'],
  [{ storeName: 'releases' },        'CONFIG_STORE_NAME'],
  [{ storeName: 'My Store' },        'CONFIG_STORE_NAME'],
  [{ gunPrefix: ['/acme/'] },        'CONFIG_GUN_PREFIX'],
  [{ gunPrefix: ['h/../acme/'] },    'CONFIG_GUN_PREFIX'],
  [{ gunPrefix: ['h/acme'] },        'CONFIG_GUN_PREFIX'],
  [{ gunPrefix: ['h/a*/'] },         'CONFIG_GUN_PREFIX'],
  [{ hold: 'lunch' },                'CONFIG_HOLD'],
];
for (const [change, code] of refused) {
  test(`${JSON.stringify(change)} is ${code}`, () => {
    assert.throws(() => parseConfig({ ...flags, ...change }), { code });
  });
}

test('the data folder is for its owner only, and keeps its secrets and its name', async () => {
  const path = join(fresh(), 'data');
  const folder = DataFolder.open(path);
  const first = (await folder.secret('keys')).reveal();
  assert.equal(first.length, 32);
  assert.equal(statSync(path).mode & 0o077, 0);
  assert.equal(statSync(join(path, 'secrets/keys.key')).mode & 0o077, 0);
  await folder.belongTo('office');

  const again = DataFolder.open(path);
  assert.deepEqual((await again.secret('keys')).reveal(), first);
  assert.notDeepEqual((await again.secret('token')).reveal(), first);
  await again.belongTo('office');
  await assert.rejects(again.belongTo('other'), { code: 'CONFIG_STORE_NAME_CHANGED' });
});

test('a folder whose process died is free, one whose process lives is not', () => {
  const folder = DataFolder.open(fresh());
  writeFileSync(join(folder.path, 'serve.pid'), '999999999');
  folder.claim();
  assert.equal(readFileSync(join(folder.path, 'serve.pid'), 'utf8'), String(process.pid));
  folder.claim();
});

test('the self-made certificate is kept, and made anew for a new name or after a torn write', () => {
  const folder = fresh();
  const made = openTls(folder, ['localhost'], now);
  assert.equal(openTls(folder, ['localhost'], now).cert, made.cert);
  const renamed = openTls(folder, ['store.example'], now);
  assert.notEqual(renamed.cert, made.cert);
  writeFileSync(join(folder, 'key.pem'), made.key);
  assert.notEqual(openTls(folder, ['store.example'], now).cert, renamed.cert);
  assert.equal(statSync(join(folder, 'key.pem')).mode & 0o077, 0);
});
