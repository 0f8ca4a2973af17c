import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from './config.ts';

const flags = { data: 'd', listen: 'localhost:5443' };

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
