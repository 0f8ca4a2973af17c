import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { concatBytes, isStoreError, utf8 } from '../../base/index.ts';
import { parseMultipart } from './multipart.ts';

const numRuns = process.env.SLOW ? 20_000 : 200;
const type = 'multipart/form-data; boundary=b';

/** One body per case: `|` is CRLF. */
const accepted: [what: string, body: string, parts: [string, string][]][] = [
  ['the empty form of Go', '|--b--|', []],
  ['the empty form without line breaks', '--b--', []],
  [
    'two parts as Go writes them',
    '--b|Content-Disposition: form-data; name="files"; filename="root"|Content-Type: application/octet-stream||{}|--b|Content-Disposition: form-data; name="files"; filename="targets/releases"|Content-Type: application/octet-stream||{"a":1}|--b--|',
    [
      ['root', '{}'],
      ['targets/releases', '{"a":1}'],
    ],
  ],
  [
    'a part without bytes',
    '--b|content-disposition:form-data;filename=root|||--b--',
    [['root', '']],
  ],
  [
    'a part that ends with its header',
    '--b|Content-Disposition: form-data; filename=root||--b--',
    [['root', '']],
  ],
  [
    'bytes that look like a boundary and are none',
    '--b|Content-Disposition: form-data; filename=root||x--b|-b--|--|--b--',
    [['root', 'x--b|-b--|--']],
  ],
  [
    'an escaped filename',
    '--b|Content-Disposition: form-data; filename="a\\"b;c"||x|--b--',
    [['a"b;c', 'x']],
  ],
];

for (const [what, body, parts] of accepted) {
  test(`an upload may have ${what}`, () => {
    const read = parseMultipart(type, lines(body));
    assert.deepEqual(
      read.map((part) => [part.filename, Buffer.from(part.bytes).toString()]),
      parts.map(([filename, text]) => [filename, text.replaceAll('|', '\r\n')]),
    );
  });
}

const refused: [what: string, body: string, code?: string][] = [
  ['nothing in it', ''],
  ['another boundary', '--c--'],
  ['text before the first boundary', 'x|--b--'],
  ['text after the last boundary', '--b--|x'],
  ['no end', '--b|Content-Disposition: form-data; filename=root||x'],
  ['no end after a boundary', '--b|Content-Disposition: form-data; filename=root||x|--b'],
  ['white space after a boundary', '--b |Content-Disposition: form-data; filename=root||x|--b--'],
  ['no disposition', '--b|Content-Type: a/b||x|--b--'],
  [
    'two dispositions',
    '--b|Content-Disposition: form-data; filename=root|Content-Disposition: form-data; filename=x||x|--b--',
  ],
  ['another disposition', '--b|Content-Disposition: attachment; filename=root||x|--b--'],
  ['two filenames', '--b|Content-Disposition: form-data; filename=root; filename=x||x|--b--'],
  ['an open quote', '--b|Content-Disposition: form-data; filename="root||x|--b--'],
  ['a header line without a name', '--b|Content-Disposition: form-data; filename=root|x||x|--b--'],
  ['an empty header', '--b|||x|--b--'],
  [
    'a header without an end',
    `--b|Content-Disposition: form-data; filename=${'r'.repeat(5000)}||x|--b--`,
  ],
  [
    'no filename',
    '--b|Content-Disposition: form-data; name="files"||x|--b--',
    'NOTARY_NO_FILENAME',
  ],
  [
    'an empty filename',
    '--b|Content-Disposition: form-data; filename=""||x|--b--',
    'NOTARY_NO_FILENAME',
  ],
];

for (const [what, body, code = 'NOTARY_MALFORMED_UPLOAD'] of refused) {
  test(`an upload with ${what} is ${code}`, () => {
    assert.throws(() => parseMultipart(type, lines(body)), { code });
  });
}

for (const contentType of [
  undefined,
  '',
  'application/json',
  'multipart/mixed; boundary=b',
  'multipart/form-data',
  'multipart/form-data; boundary=',
  'multipart/form-data; boundary="b',
  'multipart/form-data; boundary="b "',
  `multipart/form-data; boundary=${'b'.repeat(71)}`,
  'multipart/form-data; boundary=b; boundary=c',
]) {
  test(`an upload of the type ${contentType} is NOTARY_MALFORMED_UPLOAD`, () => {
    const read = () => parseMultipart(contentType, lines('--b--'));
    assert.throws(read, { code: 'NOTARY_MALFORMED_UPLOAD' });
  });
}

test('an upload has at most as many parts as the limit says', () => {
  const part = '--b|Content-Disposition: form-data; filename=root||x|';
  const limits = { parts: 2, headerBytes: 100 };
  assert.equal(parseMultipart(type, lines(`${part.repeat(2)}--b--`), limits).length, 2);
  const three = lines(`${part.repeat(3)}--b--`);
  assert.throws(() => parseMultipart(type, three, limits), { code: 'NOTARY_MALFORMED_UPLOAD' });
});

const anyPart = fc.record({
  filename: fc.string({ minLength: 1, unit: fc.constantFrom(...'abz/_-.";=\\ ') }),
  bytes: fc.oneof(
    fc.uint8Array({ maxLength: 50 }),
    fc.constantFrom(...['\r\n', '\r\n--', '--b', '\r\n--bound'].map(utf8)),
  ),
});

test('what is written is read, whatever the bytes', () => {
  fc.assert(
    fc.property(fc.array(anyPart, { maxLength: 5 }), (parts) => {
      const read = parseMultipart('multipart/form-data; boundary="boundary="', write(parts));
      assert.deepEqual(
        read.map(({ filename, bytes }) => ({ filename, bytes: Uint8Array.from(bytes) })),
        parts.map(({ filename, bytes }) => ({ filename, bytes: Uint8Array.from(bytes) })),
      );
    }),
    { numRuns },
  );
});

test('a damaged upload is read or refused by name, and never anything else', () => {
  const damage = fc.tuple(
    fc.nat(),
    fc.constantFrom('cut', 'insert', 'change'),
    fc.nat({ max: 255 }),
  );
  fc.assert(
    fc.property(fc.array(anyPart, { maxLength: 3 }), fc.array(damage), (parts, damages) => {
      let body = write(parts);
      for (const [at, how, byte] of damages) {
        const i = at % (body.length + 1);
        const rest = body.subarray(how === 'insert' ? i : i + 1);
        const middle = how === 'cut' ? new Uint8Array() : Uint8Array.of(byte);
        body = concatBytes(body.subarray(0, i), middle, rest);
      }
      try {
        parseMultipart('multipart/form-data; boundary="boundary="', body);
      } catch (error) {
        assert.ok(isStoreError(error), String(error));
      }
    }),
    { numRuns },
  );
});

function lines(text: string): Uint8Array {
  return utf8(text.replaceAll('|', '\r\n'));
}

function write(parts: readonly { filename: string; bytes: Uint8Array }[]): Uint8Array {
  return concatBytes(
    ...parts.flatMap(({ filename, bytes }) => [
      lines(
        `--boundary=|Content-Disposition: form-data; filename="${filename.replace(/[\\"]/g, '\\$&')}"||`,
      ),
      bytes,
      lines('|'),
    ]),
    lines('--boundary=--|'),
  );
}
