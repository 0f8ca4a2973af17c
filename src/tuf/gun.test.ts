import assert from 'node:assert/strict';
import { posix, win32 } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/support/property-runs.ts';
import { printable } from '../cli/printable.ts';
import { hostOfGun, isGun, parseGun, plainName, repositoryOfGun } from './index.ts';

// biome-ignore format: the columns line up
const guns: readonly (readonly [gun: string, host: string, repository: string])[] = [
  ['localhost:5443/acme/app',     'localhost:5443',   'acme/app'],
  ['docker.io/library/alpine',    'docker.io',        'library/alpine'],
  ['[::1]:5443/a',                '[::1]:5443',       'a'],
  ['Registry/a',                  'Registry',         'a'],
  ['example',                     '',                 'example'],
  // Notary's own users' (each was published by notary 0.7.0, and listed).
  ['MyCollection',                '',                 'MyCollection'],
  ['Example.com/Acme/App',        'Example.com',      'Acme/App'],
  ['a b/c d',                     'a b',              'c d'],
  ['é/ü',                         'é',                'ü'],
  ['中文/名前',                    '中文',              '名前'],
  ['😀/x',                        '😀',               'x'],
  ['a"b/c\'d',                    'a"b',              'c\'d'],
  ['a+b,c;d=e&f',                 '',                 'a+b,c;d=e&f'],
  ['{a}|<b>~^`$!(c)@',            '',                 '{a}|<b>~^`$!(c)@'],
  ['a:b:c',                       '',                 'a:b:c'],
  ['.../.hidden/a..b',            '...',              '.hidden/a..b'],
  ['x/_trust/tuf/-y',             'x',                '_trust/tuf/-y'],
  ['__proto__',                   '',                 '__proto__'],
  ['x'.repeat(255),               '',                 'x'.repeat(255)],
  ['名'.repeat(255),               '',                 '名'.repeat(255)],
  ['😀'.repeat(255),              '',                 '😀'.repeat(255)],
];

for (const [gun, host, repository] of guns) {
  test(`${gun.slice(0, 40)} is a GUN`, () => {
    const parsed = parseGun(gun);
    assert.deepEqual([parsed, hostOfGun(parsed), repositoryOfGun(parsed)], [gun, host, repository]);
  });
}

// biome-ignore format: one line per reason
const others: readonly (readonly [why: string, ...texts: string[]])[] = [
  ['it has no length, or too much',       '', 'x'.repeat(256), '😀'.repeat(256), `h/${'a'.repeat(254)}`],
  ['a part is empty',                     '/', '/a', 'a/', 'h//a'],
  ['a part is a step through folders',    '.', '..', './a', 'a/.', 'h/../a', '../../etc/passwd'],
  ['a URL would end, or be spelt anew',   'a?b', 'a#b', 'h/a%2fb', 'a%41', 'a\\b', '..\\b'],
  ['it stands for any name',              'h/a*', '*'],
  ['a command would take an option',      '-h/a', '--all'],
  ['controls',                            'h/a\n', 'h\0/a', 'a\tb', 'a\x7f', 'a\x85b', 'a\x1b[2Jb'],
  ['spaces that nobody sees',             ' a', 'a ', 'a/ b', 'a /b', 'a  b', 'a\xa0b', 'a\u3000b', 'a\u2028b'],
  ['characters that nobody sees',         'a\u200bb', 'a\xadb', 'a\u202eb', '\ufeffa', 'a\u2066b', 'a\ue000', 'a\u3164', 'a\u034fb', 'a\ufe0f', 'a\u0378', 'a\u2800b'],
  ['half a character',                    'a\ud800', '\udc00/a'],
];

for (const [why, ...texts] of others) {
  test(`no GUN: ${why}`, () => {
    for (const text of texts) {
      assert.throws(() => parseGun(text), { code: 'TUF_GUN_INVALID' }, JSON.stringify(text));
    }
  });
}

/** Texts that are often a GUN, or nearly. */
const almost = fc
  .array(
    fc.oneof(
      fc.constantFrom('/', '.', '..', ' ', ':', '-', '\\', 'a', 'B', 'é', '%2e', '\u200b', '😀'),
      fc.string({ maxLength: 3, unit: 'binary' }),
      fc.string({ maxLength: 3, unit: 'grapheme' }),
    ),
    { maxLength: 9 },
  )
  .map((parts) => parts.join(''));

test('a GUN is the same after a URL, a folder of any system, UTF-8 and a terminal', () => {
  fc.assert(
    fc.property(almost, (text) => {
      if (!isGun(text)) return;
      const { pathname } = new URL(`https://h/v2/${text}/_trust/tuf/`);
      assert.equal(decodeURIComponent(pathname), `/v2/${text}/_trust/tuf/`);
      assert.equal(posix.join('tuf', text), `tuf/${text}`);
      assert.equal(win32.join('C:\\tuf', text).replaceAll('\\', '/'), `C:/tuf/${text}`);
      assert.equal(Buffer.from(text).toString(), text);
      assert.equal(printable(text), text);
    }),
    runs,
  );
});

test('a host is the same host in capitals, with the port of https, with a dot at its end', () => {
  for (const name of ['h.example/A', 'H.Example/A', 'h.example:443/A', 'h.EXAMPLE.:0443/A']) {
    assert.equal(plainName(name), 'h.example/A');
  }
  assert.equal(plainName('h.example.:05000/a'), 'h.example:5000/a');
  assert.equal(plainName('h.example:4430/a'), 'h.example:4430/a');
});
