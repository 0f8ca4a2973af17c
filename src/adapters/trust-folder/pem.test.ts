import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../../test/support/property-runs.ts';
import { isStoreError } from '../../base/index.ts';
import { parsePem, serializePem } from './pem.ts';

const block = '-----BEGIN A KEY-----\nrole: x\n\nYWJj\n-----END A KEY-----\n';

test('headers and base64 are told apart, with or without the empty line', () => {
  for (const text of [block, block.replace('\n\n', '\n'), block.replaceAll('\n', '\r\n')]) {
    const [found] = parsePem(`before\n${text}after\n`);
    assert.equal(found?.type, 'A KEY');
    assert.deepEqual([...found.headers], [['role', 'x']]);
    assert.equal(Buffer.from(found.bytes).toString(), 'abc');
  }
});

test('several blocks are read in their order', () => {
  assert.deepEqual(
    parsePem(block + block.replaceAll('A KEY', 'B KEY')).map(({ type }) => type),
    ['A KEY', 'B KEY'],
  );
  assert.deepEqual(parsePem('no block'), []);
});

const malformed: readonly [what: string, text: string][] = [
  ['a block without an end', block.replace('-----END A KEY-----', '')],
  ['a block that ends as another', block.replace('END A', 'END B')],
  ['a header that stands twice', block.replace('role: x', 'role: x\nrole: y')],
  ['base64 with other characters', block.replace('YWJj', 'YW*j')],
  ['base64 without its padding', block.replace('YWJj', 'YWI')],
  ['a header after the base64', block.replace('YWJj', 'YWJj\nrole: y')],
];

for (const [what, text] of malformed) {
  test(`${what} is refused`, () => {
    assert.throws(() => parsePem(text), { code: 'FOLDER_PEM_MALFORMED' });
  });
}

test('any text is read or refused with a code', () => {
  const line = fc.constantFrom(
    '-----BEGIN A-----',
    '-----END A-----',
    'role: x',
    '',
    'YWJj',
    ':',
    'x',
  );
  const text = fc.oneof(
    fc.string(),
    fc.array(line).map((lines) => lines.join('\n')),
  );
  fc.assert(
    fc.property(text, (pem) => {
      try {
        parsePem(pem);
      } catch (error) {
        assert.ok(isStoreError(error) && error.code === 'FOLDER_PEM_MALFORMED', String(error));
      }
    }),
    runs,
  );
});

test('a block that was written is read back', () => {
  const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,8}$/);
  const value = fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/);
  const headers = fc.uniqueArray(fc.tuple(name, value), { selector: ([key]) => key, maxLength: 4 });
  const type = fc.stringMatching(/^[A-Z0-9]+( [A-Z0-9]+)?$/);
  fc.assert(
    fc.property(type, headers, fc.uint8Array(), (kind, list, bytes) => {
      const [found] = parsePem(serializePem({ type: kind, headers: new Map(list), bytes }));
      assert.equal(found?.type, kind);
      assert.deepEqual([...found.headers].sort(), list.sort());
      assert.deepEqual(Uint8Array.from(found.bytes), bytes);
    }),
    runs,
  );
});
