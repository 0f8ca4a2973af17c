import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../../test/support/property-runs.ts';
import { isStoreError } from '../../base/index.ts';
import { parseBasic } from './basic-header.ts';

function encode(text: string | Uint8Array): string {
  return Buffer.from(text as string).toString('base64');
}

// biome-ignore format: the columns line up
const valid: readonly (readonly [header: string, name: string, password: string])[] = [
  [`Basic ${encode('acme:secret')}`,        'acme', 'secret'],
  [`basic ${encode('acme:secret')}`,        'acme', 'secret'],
  [`BASIC  ${encode('acme:secret')}`,       'acme', 'secret'],
  [`Basic ${encode('acme:a:b::c')}`,        'acme', 'a:b::c'],
  [`Basic ${encode('acme:')}`,              'acme', ''],
  [`Basic ${encode('müller:pä ß')}`,        'müller', 'pä ß'],
];

for (const [header, name, password] of valid) {
  test(`${header} is ${name} with a password`, () => {
    const found = parseBasic(header);
    assert.equal(found.name, name);
    assert.equal(found.password.reveal(), password);
    assert.equal(JSON.stringify(found), JSON.stringify({ name, password: '[secret]' }));
  });
}

// biome-ignore format: the columns line up
const invalid: readonly (readonly [what: string, header: string])[] = [
  ['nothing',               ''],
  ['a scheme alone',        'Basic'],
  ['a scheme and a blank',  'Basic '],
  ['another scheme',        `Bearer ${encode('acme:secret')}`],
  ['no base64',             'Basic acme:secret'],
  ['base64url',             `Basic ${Buffer.from('a:\xff\xfe?').toString('base64url')}`],
  ['no padding',            `Basic ${encode('acme:secret').replace(/=+$/, '')}`],
  ['two values',            `Basic ${encode('a:b')} ${encode('a:b')}`],
  ['no colon',              `Basic ${encode('acme')}`],
  ['no name',               `Basic ${encode(':secret')}`],
  ['a line break',          `Basic ${encode('acme:sec\nret')}`],
  ['a NUL',                 `Basic ${encode('ac\0me:secret')}`],
  ['not UTF-8',             `Basic ${encode(Uint8Array.of(0x61, 0x3a, 0xff))}`],
  ['very long',             `Basic ${encode(`acme:${'x'.repeat(3000)}`)}`],
];

for (const [what, header] of invalid) {
  // The last-but-two of base64 texts may need no padding; these all do.
  test(`refused: ${what}`, () => {
    assert.throws(() => parseBasic(header), { code: 'AUTH_HEADER_INVALID' });
  });
}

test('any header is credentials or AUTH_HEADER_INVALID, without the password in the message', () => {
  const header = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.uint8Array().map((bytes) => `Basic ${encode(bytes)}`),
    fc.string().map((text) => `Basic ${encode(text)}`),
  );
  fc.assert(
    fc.property(header, (text) => {
      try {
        const { name } = parseBasic(text);
        assert.ok(name.length > 0 && !name.includes(':'));
      } catch (error) {
        assert.ok(isStoreError(error));
        assert.equal(error.code, 'AUTH_HEADER_INVALID');
        assert.deepEqual(error.detail, {});
      }
    }),
    runs,
  );
});
