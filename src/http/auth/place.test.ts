import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../../test/support/property-runs.ts';
import { placeOf } from './place.ts';

const origins = ['store.example:5443', 'localhost:5443', '[::1]:5443', 'plain.example'];

// biome-ignore format: the columns line up
const rows: readonly (readonly [name: string, place: string])[] = [
  // name                                      zone, namespace, repository
  ['staging/acme/app',                         'staging acme staging/acme/app'],
  ['staging/acme/team/app',                    'staging acme staging/acme/team/app'],
  ['certification/acme/app',                   'certification acme certification/acme/app'],
  ['store/acme/app',                           'store acme store/acme/app'],
  ['acme/app',                                 'ordinary acme acme/app'],
  ['alpine',                                   'ordinary alpine alpine'],
  ['my.app',                                   'ordinary my.app my.app'],
  ['staging-old/acme/app',                     'ordinary staging-old staging-old/acme/app'],
  ['store.example:5443/staging/acme/app',      'staging acme staging/acme/app'],
  ['localhost:5443/store/acme/app',            'store acme store/acme/app'],
  ['[::1]:5443/store/acme/app',                'store acme store/acme/app'],
  ['localhost:5443/acme/app',                  'ordinary acme acme/app'],
  // Other hosts, however much they look like us or like a zone.
  ['evil.com/staging/x',                       'ordinary evil.com evil.com/staging/x'],
  ['evil.com/store/acme/app',                  'ordinary evil.com evil.com/store/acme/app'],
  ['store.example/staging/acme/app',           'ordinary store.example store.example/staging/acme/app'],
  ['store.example:443/staging/acme/app',       'ordinary store.example:443 store.example:443/staging/acme/app'],
  ['localhost/staging/acme/app',               'ordinary localhost localhost/staging/acme/app'],
  ['docker.io/library/alpine',                 'ordinary docker.io docker.io/library/alpine'],
  ['staging:5443/acme/app',                    'ordinary staging:5443 staging:5443/acme/app'],
  ['localhost:5443/localhost:5443/store/a/b',  'nowhere'],
  ['evil.com/localhost:5443/store/acme/app',   'ordinary evil.com evil.com/localhost:5443/store/acme/app'],
  ['x/staging/acme/app',                       'ordinary x x/staging/acme/app'],
  // Zones without a producer or without a name.
  ['staging',                                  'nowhere'],
  ['staging/acme',                             'nowhere'],
  ['store/acme',                               'nowhere'],
  ['localhost:5443/certification/acme',        'nowhere'],
  // Names of Notary's own users, each as it is written.
  ['MyCollection',                             'ordinary MyCollection MyCollection'],
  ['Example.com/Acme/App',                     'ordinary Example.com Example.com/Acme/App'],
  ['localhost:5443/Acme/App',                  'ordinary Acme Acme/App'],
  ['My Collection/é',                          'ordinary My Collection My Collection/é'],
  ['__proto__/x',                              'ordinary __proto__ __proto__/x'],
  ['staging-Old/acme/app',                     'ordinary staging-Old staging-Old/acme/app'],
  ['st\u0430ging/acme/app',                    'ordinary st\u0430ging st\u0430ging/acme/app'],
  // Our own names in another spelling.
  ['STORE.example:5443/staging/acme/app',      'nowhere'],
  ['store.example.:5443/staging/acme/app',     'nowhere'],
  ['store.example:05443/acme/app',             'nowhere'],
  ['Store.Example:5443',                       'nowhere'],
  ['localhost:5443/LocalHost:5443/store/a/b',  'nowhere'],
  ['localhost:5443/Staging/acme/app',          'nowhere'],
  ['plain.example:443/staging/acme/app',       'nowhere'],
  ['staging:443/acme/app',                     'nowhere'],
  ['staging./acme/app',                        'nowhere'],
  // Spellings.
  ['Staging/acme/app',                         'nowhere'],
  ['STORE/acme/app',                           'nowhere'],
  ['LOCALHOST:5443/staging/acme/app',          'nowhere'],
  ['staging/Acme/app',                         'nowhere'],
  ['staging/acme/../other/app',                'nowhere'],
  ['../staging/acme/app',                      'nowhere'],
  ['./staging/acme/app',                       'nowhere'],
  ['staging/./acme/app',                       'nowhere'],
  ['staging//acme/app',                        'nowhere'],
  ['/staging/acme/app',                        'nowhere'],
  ['staging/acme/app/',                        'nowhere'],
  ['staging%2facme/app',                       'nowhere'],
  ['staging/acme%2fapp/x',                     'nowhere'],
  ['%73taging/acme/app',                       'nowhere'],
  ['staging\\acme\\app',                       'nowhere'],
  ['staging/acme/app\n',                       'nowhere'],
  ['staging/acme/app\0',                       'nowhere'],
  ['ｓtaging/acme/app',                        'nowhere'],
  ['store／acme／app',                           'nowhere'],
  ['store\u3164/acme/app',                     'nowhere'],
  ['sto\u034fre/acme/app',                     'nowhere'],
  ['staging/acme/app:latest',                  'nowhere'],
  ['staging/acme/app@sha256:00',               'nowhere'],
  ['',                                         'nowhere'],
  ['/',                                        'nowhere'],
  ['localhost:5443',                           'nowhere'],
  ['localhost:5443/',                          'nowhere'],
  [`acme/${'a'.repeat(251)}`,                  'nowhere'],
];

for (const [name, place] of rows) {
  test(`${JSON.stringify(name.slice(0, 60))} lies in: ${place}`, () => {
    const found = placeOf(name, origins);
    const text =
      found.zone === 'nowhere' ? 'nowhere' : `${found.zone} ${found.namespace} ${found.repository}`;
    assert.equal(text, place);
  });
}

const spelling = fc
  .array(
    fc.oneof(
      fc.constantFrom('staging', 'store', 'certification', 'acme', 'localhost:5443', 'evil.com'),
      fc.constantFrom('/', '/', '..', '.', '%2f', 'Staging', '\\', ':', '', ' ', 'plain.example'),
      fc.string({ maxLength: 3 }),
    ),
    { maxLength: 9 },
  )
  .map((parts) => parts.join(''));

test('a place has one spelling, behind nothing or one of our own names', () => {
  fc.assert(
    fc.property(spelling, (name) => {
      const place = placeOf(name, origins);
      if (place.zone === 'nowhere') return;
      const { zone, namespace, repository } = place;
      const [first] = repository.split('/', 1);
      assert.ok(repository.startsWith(zone === 'ordinary' ? namespace : `${zone}/${namespace}/`));
      assert.equal(first, zone === 'ordinary' ? namespace : zone);
      const prefixes = ['', ...origins.map((origin) => `${origin}/`)];
      assert.ok(prefixes.some((prefix) => `${prefix}${repository}` === name));
    }),
    runs,
  );
});

/** Ways to write a name so that somebody, or some program, takes it for the same. */
const otherSpellings: readonly ((text: string) => string)[] = [
  (text) => text.toUpperCase(),
  (text) => text.replace(/[a-z]/, (letter) => letter.toUpperCase()),
  (text) => text.replace(/(?=:\d+$)|$/, '.'),
  (text) => (/:\d+$/.test(text) ? text.replace(':', ':0') : `${text}:443`),
  (text) => text.replace(/[a-z]/, wide),
  (text) => text.replace(/[a-z](?=[^a-z]*$)/, wide),
];

test('neither a zone nor one of our own names is found by another spelling', () => {
  const zone = fc.constantFrom('staging', 'certification', 'store');
  const host = fc.constantFrom('', ...origins.filter((origin) => /^[a-z]/.test(origin)));
  const change = fc.nat({ max: otherSpellings.length - 1 });
  const which = fc.constantFrom('host', 'zone', 'both');
  const path = fc.constantFrom('/acme/app', '/Acme/app', '/acme', '');
  fc.assert(
    fc.property(zone, host, change, which, path, (zone, host, change, which, path) => {
      const otherwise = otherSpellings[change] ?? assert.fail();
      const isHost = which !== 'zone' && host !== '';
      const changed = [
        ...(host === '' ? [] : [isHost ? otherwise(host) : host]),
        isHost && which === 'host' ? zone : otherwise(zone),
      ].join('/');
      assert.deepEqual(placeOf(`${changed}${path}`, origins), { zone: 'nowhere' });
    }),
    runs,
  );
});

/** The same letter, as wide as a Chinese one. */
function wide(letter: string): string {
  return String.fromCodePoint(letter.charCodeAt(0) + 0xfee0);
}
