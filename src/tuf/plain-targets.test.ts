import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/support/property-runs.ts';
import { isStoreError, toBase64, utf8 } from '../base/index.ts';
import { parseFixpoint, parseMetadata, requireFixpoint } from './index.ts';
import { cutTargets } from './plain-targets.ts';

const fixtures = join(import.meta.dirname, '../../test/fixtures/notary');
const sha256 = toBase64(new Uint8Array(32).fill(7));
const sha512 = toBase64(new Uint8Array(64).fill(7));

test('the targets that docker and notary wrote are plain', () => {
  for (const path of [
    'delegations-jeff-releases/server/targets/releases.json',
    'delegations-jeff-releases/server/targets/jeff.json',
    'root-rotation-v4/server/targets.json',
  ]) {
    const bytes = readFileSync(join(fixtures, path));
    const { rest, targets } = cutTargets(bytes) ?? assert.fail(path);
    assert.equal(rest.length + targets.length, bytes.length);
    assert.match(String(rest), /,"targets":\{\},"version":/);
    assertReadAsEver(bytes);
  }
});

/*
 * A row is the text of a list; `plain` when it is cut out. Whether or not, it is read as ever.
 */
// biome-ignore format: a table
const lists: readonly (readonly [list: string, plain: boolean])[] = [
  ['',                                                                                 false],
  [target('a'),                                                                        true],
  [`${target('a')},${target('b')}`,                                                    true],
  [`${target('b')},${target('a')}`,                                                    false],
  [`${target('a')},${target('a')}`,                                                    false],
  [`${target('')},${target('a')}`,                                                     true],
  [`${target('a')},${target('')}`,                                                     false],
  [`${target('10')},${target('9')}`,                                                   true],
  [`${target('9')},${target('10')}`,                                                   false],
  [`${target('__proto__')},${target('constructor')}`,                                  true],
  [`"a":{"hashes":{"sha256":"${sha256}","sha512":"${sha512}"},"length":1}`,            true],
  [`"a":{"hashes":{"sha512":"${sha512}","sha256":"${sha256}"},"length":1}`,            false],
  [`"a":{"hashes":{"sha512":"${sha512}"},"length":1}`,                                 false],
  [`"a":{"hashes":{"sha256":"${sha256.replace('c=', 'd=')}"},"length":1}`,             false],
  [`"a":{"hashes":{"sha256":"${sha512}"},"length":1}`,                                 false],
  [`"a":{"hashes":{},"length":1}`,                                                     false],
  [`"a":{"custom":1,"hashes":{"sha256":"${sha256}"},"length":1}`,                      false],
  [target('a', '0'),                                                                   true],
  [target('a', '01'),                                                                  false],
  [target('a', '-1'),                                                                  false],
  [target('a', '1.0'),                                                                 false],
  [target('a', '1e3'),                                                                 false],
  [target('a', '999999999999999'),                                                     true],
  [target('a', '9007199254740993'),                                                    false],
  [target('a/b c~!'),                                                                  true],
  [target('a<b'),                                                                      false],
  [target('a\\"b'),                                                                    false],
  [target('a\u007fb'),                                                                 false],
  [target('a\tb'),                                                                     false],
  [target('é'),                                                                        false],
  [`${target('a')},`,                                                                  false],
  [`${target('a')} `,                                                                  false],
];

test('a list is cut out only when it is what Go would write', () => {
  for (const [list, plain] of lists) {
    const bytes = fileWith(list);
    assert.equal(cutTargets(bytes) !== undefined, plain, list);
    assertReadAsEver(bytes);
  }
});

/* The list is somewhere else, or twice, or what is around it is not what Go would write. */
test('a cut at the wrong place is noticed', () => {
  const [a, b] = [target('a'), target('b')];
  const file = (text: string) => fileWith(a).toString().replace(`"targets":{${a}}`, text);
  for (const text of [
    file(`"targets":{${a}},"targets":{${b}}`),
    file(`"targets":{},"x":{"y":1,"targets":{${a}}}`),
    file(`"targets":null,"x":[1,"targets":{${a}}]`),
    file(`"targets":{${a}}`).replace('"keys":{}', `"keys":{"a":1,"targets":{${b}}}`),
    file(`"targets":{${a}}`).replace('"keys":{}', `"keys":{},"targets":{${b}}`),
    file(`"targets":{"n":{"custom":[1,"targets":{${a}}],"hashes":{},"length":1}}`),
    file(`"targets":{"n":{"custom":{"m":1,"targets":{${a}}},"hashes":{},"length":1}}`),
    file(`"targets":{"\\",\\"targets\\":{":{"hashes":{},"length":1}}`),
    file(`"targets": {${a}}`),
    file(`"targets":{${a}}`).slice(0, -1),
    `x,"targets":{${a}}`,
    `,"targets":{${a}}`,
  ]) {
    assertReadAsEver(utf8(text));
  }
});

test('whatever is done to a file, it is read as ever', () => {
  const name = fc.string({ maxLength: 6, unit: 'grapheme-ascii' });
  const names = fc.uniqueArray(name, { minLength: 1, maxLength: 5 });
  const piece = fc.oneof(
    fc.string({ maxLength: 3, unit: 'binary' }),
    fc.constantFrom(
      ...',:{}[]"\\<',
      ',"targets":{',
      '"custom":',
      '"hashes":{',
      'null',
      target('a'),
    ),
  );
  const edit = fc.tuple(fc.nat(), fc.nat(12), piece);
  fc.assert(
    fc.property(names, fc.array(edit, { maxLength: 2 }), (all, edits) => {
      const list = all.sort().map((each) => target(JSON.stringify(each).slice(1, -1)));
      let text = fileWith(list.join(',')).toString();
      for (const [at, without, put] of edits) {
        const from = at % text.length;
        text = text.slice(0, from) + put + text.slice(from + without);
      }
      assertReadAsEver(utf8(text));
    }),
    { numRuns: runs.numRuns * 5 },
  );
});

/** The quick way and the long way have the same end, member for member or error for error. */
function assertReadAsEver(received: Uint8Array): void {
  const bytes = new Uint8Array(received);
  const [expected, found] = [
    endOf(() => requireFixpoint(parseMetadata('targets', bytes))),
    endOf(() => parseFixpoint('targets', bytes)),
  ];
  assert.deepEqual(found, expected, String(received).slice(0, 1_000));
}

function endOf(read: () => object): unknown {
  try {
    return { ...read(), bytes: undefined };
  } catch (error) {
    assert.ok(isStoreError(error), String(error));
    return { code: error.code, message: error.message };
  }
}

function target(name: string, length = '528'): string {
  return `"${name}":{"hashes":{"sha256":"${sha256}"},"length":${length}}`;
}

function fileWith(list: string): Buffer {
  return Buffer.from(
    '{"signed":{"_type":"Targets","delegations":{"keys":{},"roles":[]},' +
      `"expires":"2029-11-20T10:00:00.123Z","targets":{${list}},"version":2},` +
      `"signatures":[{"keyid":"${'a1'.repeat(32)}","method":"ecdsa","sig":"AAAA"}]}`,
  );
}
