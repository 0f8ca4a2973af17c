import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { runs } from '../../test/support/property-runs.ts';
import { base64Length, collectBytes, fromBase64, fromHex, fromUtf8, utf8 } from './bytes.ts';
import { digestOf, hexOf, isDigest, parseDigest } from './digest.ts';
import { errorFactory, StoreError, systemCodeOf } from './errors.ts';
import { entriesOf } from './json.ts';
import { Secret } from './secret.ts';

const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

test('a digest is sha256 and 64 lowercase hex digits, nothing else', () => {
  assert.equal(digestOf(new Uint8Array()), `sha256:${empty}`);
  assert.equal(hexOf(parseDigest(`sha256:${empty}`)), empty);
  for (const text of [
    empty,
    `SHA256:${empty}`,
    `sha256:${empty.toUpperCase()}`,
    `sha256:${empty}\n`,
    'sha512:ab',
    '',
  ]) {
    assert.equal(isDigest(text), false);
    assert.throws(() => parseDigest(text), { code: 'DIGEST_INVALID' });
  }
});

test('a secret shows itself nowhere', () => {
  const secret = new Secret('hunter2');
  for (const shown of [
    `${secret}`,
    JSON.stringify({ secret }),
    inspect({ secret }),
    inspect(secret, { showHidden: true }),
  ]) {
    assert.ok(!shown.includes('hunter2'), shown);
  }
  assert.equal(secret.reveal(), 'hunter2');
});

test('an error carries its code, its sentence and the values in it', () => {
  const raise = errorFactory({ TEST_LATE: { message: '{role} expired at {at}; {missing}' } });
  const error = raise('TEST_LATE', { role: 'root', at: '2024' });
  assert.ok(error instanceof StoreError);
  assert.equal(error.code, 'TEST_LATE');
  assert.equal(error.message, 'root expired at 2024; {missing}');
});

test('what the system refused has a name, and nothing else has one', () => {
  const refused = Object.assign(new Error('no such file'), { code: 'ENOENT' });
  assert.equal(systemCodeOf(refused), 'ENOENT');
  const others = [new Error('x'), Object.assign(new Error('x'), { code: 2 }), { code: 'ENOENT' }];
  for (const other of [...others, 'ENOENT', null, undefined]) {
    assert.equal(systemCodeOf(other), undefined);
  }
});

test('base64 is measured as it is decoded, whatever the text', () => {
  const texts = fc.oneof(
    fc.base64String(),
    fc.string({ unit: fc.constantFrom('A', 'Q', 'E', '/', '+', '=', 'z'), maxLength: 12 }),
    fc.constantFrom(
      'YQ==',
      'YR==',
      'YWI=',
      'YWJ=',
      'YQ=',
      'Y',
      '=',
      '==',
      '====',
      'YWJj'.repeat(999),
    ),
    fc.string(),
  );
  fc.assert(
    fc.property(texts, (text) => assert.equal(base64Length(text), fromBase64(text)?.length)),
    { numRuns: 10 * runs.numRuns },
  );
});

test('UTF-8 is read as it was written, a byte order mark too; other bytes are refused', () => {
  for (const text of ['', 'plain', 'é', '\ufeffa', 'a\u{10ffff}', '\u2028']) {
    assert.equal(fromUtf8(utf8(text)), text);
  }
  for (const bytes of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0x61, 0x80]]) {
    assert.throws(() => fromUtf8(Uint8Array.from(bytes)), TypeError);
  }
});

test('base64 and hex are read strictly', () => {
  assert.equal(fromBase64('YQ'), undefined);
  assert.deepEqual(fromBase64('YQ=='), Buffer.from('a'));
  assert.equal(fromBase64('Y Q=='), undefined);
  assert.equal(fromHex('0g'), undefined);
  assert.equal(fromHex('abc'), undefined);
  assert.deepEqual(fromHex('00ff'), Buffer.from([0, 255]));
});

test('a stream longer than its limit is not collected', async () => {
  async function* stream() {
    yield Buffer.from('abc');
    yield Buffer.from('def');
  }
  assert.equal(await collectBytes(stream(), 5), undefined);
  assert.deepEqual(await collectBytes(stream(), 6), Buffer.from('abcdef'));
});

test('a stream that comes byte by byte is copied together, and no piece of it is kept', async () => {
  async function* stream() {
    const piece = Buffer.alloc(1);
    for (let i = 0; i < 1000; i++) {
      piece[0] = i % 251;
      yield piece;
    }
  }
  const bytes = await collectBytes(stream(), 1000);
  assert.deepEqual(bytes, Buffer.from(Array.from({ length: 1000 }, (_, i) => i % 251)));
});

test('what was announced need not be true: all that comes is collected, and nothing else', async () => {
  async function* stream() {
    yield Buffer.from('abc');
    yield Buffer.from('def');
  }
  for (const announced of [0, 2, 6, 7, 1_000]) {
    assert.deepEqual(await collectBytes(stream(), 6, announced), Buffer.from('abcdef'));
    assert.equal(await collectBytes(stream(), 5, announced), undefined);
  }
});

test('an array is not an object, nor is null', () => {
  for (const value of [[], null, 'x', undefined]) {
    assert.throws(() => entriesOf(value, 'here'), { code: 'JSON_SHAPE' });
  }
});
